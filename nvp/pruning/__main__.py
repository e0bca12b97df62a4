"""Print the table of methods: `python -m nvp.pruning`."""

from nvp.pruning.methods import METHODS

if __name__ == "__main__":
    for name, method in METHODS.items():
        parts = [method.criterion, method.allocation, method.schedule]
        parts += [method.regrow] if method.regrow != "none" else []
        design = " x ".join(part for part in parts if part)
        aim = "" if method.aim == "none" else f"{method.aim}, {method.granularity}"
        print(f"{name:27s} {aim:17s} {design:40s} {method.summary}")
