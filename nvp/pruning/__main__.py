"""Print the table of methods: `python -m nvp.pruning`."""

from nvp.pruning.methods import METHODS

if __name__ == "__main__":
    for name, method in METHODS.items():
        parts = " x ".join(filter(None, (method.criterion, method.allocation, method.schedule)))
        print(f"{name:12s} {method.aim:9s} {parts:30s} {method.summary}")
