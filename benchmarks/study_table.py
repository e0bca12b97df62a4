"""The table of the studies: `python -m benchmarks.study_table` writes docs/studies.md.

It is made from the docstrings of the scripts in studies/: the question is their first line, and
what each preset runs stands after `Cost`. No study is imported for it. The minutes of laptop are
those of the tables in evidence/.
"""

import ast
import re
from pathlib import Path

from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study

ROOT = Path(__file__).parent.parent
PRESETS = ("quick", "laptop", "paper")
HEAD = """# Studies

Made by `make docs` from the scripts. Each study is a script in `studies` and a notebook of the same
name in `analysis/notebooks`. The script's docstring has the claim, its source, and how accurate the
networks get.

| study | question | quick, on two cores | laptop, on two cores | paper, on GPUs |
|---|---|---|---|---|
"""
TAIL = """
- `quick` asks on the digits, 1,797 images that come with scikit-learn, with networks small enough
  for minutes. It shows that everything works; what it finds is of small networks on small images.
- `laptop` asks on real data at ordinary settings, in networks whose neurons die or are pruned at a
  cost. MNIST or CIFAR-10 have to lie in the folder `NVP_DATA`; `nvp data mnist cifar10` downloads
  them. Each cell has five seeds.
- `paper` is the published setting, on GPUs.

Settings of quick and laptop were chosen on seeds from 100 on, and run on seeds from 0 on. The
minutes of quick are of two cores of an AMD EPYC (Zen 4) with nothing beside; two shared cores of a
Xeon took about twice as long. Those of laptop are half the seconds of the trials in `evidence/`,
which ran two at a time on Xeons, mostly beside other work; {hours:.1f} hours together. `imagenet`
has no laptop preset, and runs on the digits at quick.

```sh
make studies                             # all at quick, and their figures: half an hour
make study-batch_size                    # one of them
make study-learning_rate PRESET=laptop   # one of them on MNIST
```
"""


def main() -> None:
    """Write the page."""
    (ROOT / "docs/studies.md").write_text(page())


def page() -> str:
    """Return docs/studies.md."""
    scripts = sorted((ROOT / "studies").glob("*.py"))
    minutes = {script: measure_minutes(script.stem) for script in scripts}
    rows = "".join(f"{row(script, minutes[script])}\n" for script in scripts)
    return HEAD + rows + TAIL.format(hours=sum(minutes.values()) / 60)


def measure_minutes(study: str) -> float:
    """Return the minutes that the trials of laptop took, two at a time; 0 where none are kept."""
    place = ROOT / "evidence"
    if not (place / study / "laptop").is_dir():
        return 0.0
    rows = read_index(open_study(str(place), study, "laptop"), checksums=False).rows.values()
    return sum(row["seconds"] for row in rows) / 60 / 2


def row(script: Path, minutes: float) -> str:
    """Return the row of a study whose laptop preset took some minutes; 0 = it is not kept."""
    about = ast.get_docstring(ast.parse(script.read_text())) or ""
    ask = about.partition("\n")[0]
    quick, laptop, paper = (find_cost(about, preset) for preset in PRESETS)
    laptop += f", {minutes:.0f} min" if minutes else ""
    name = f"[{script.stem}](../studies/{script.name})"
    return f"| {name} | {ask} | {quick} | {laptop} | {paper} |"


def find_cost(about: str, preset: str) -> str:
    """Return what a docstring says that a preset runs, as a cell; "" where there is no preset."""
    said = re.search(rf"{preset}:\s+(.*?)(?:;|\n\S|$)", about, flags=re.DOTALL)
    if not said:
        return ""
    trials = re.search(r"\d+ trials", said[1])
    data = re.search(r"trials on (?!GPUs)([\w\- ]+)", said[1])
    minutes = re.search(r"([\d.]+) minutes?", said[1])
    cell = trials[0] if trials else ""
    return cell + (f" on {data[1]}" if data else "") + (f", {minutes[1]} min" if minutes else "")


if __name__ == "__main__":
    main()
