"""The trials of `mnist_script` as a study of nvp: cells of `learning_rate` at laptop."""

from dataclasses import replace
from pathlib import Path
from runpy import run_path

from nvp import Study, grid, main

SCRIPT = Path(__file__).parents[2] / "studies/learning_rate.py"
LAPTOP = run_path(str(SCRIPT))["STUDY"].find_design("laptop")
SPACE = {"optim.lr": grid(0.001, 0.002, 0.005, 0.01), "prune.method": grid("none")}
EIGHT = replace(LAPTOP, space=SPACE, seeds=2)
STUDY = Study(name="mnist_study", quick=EIGHT, laptop=EIGHT, paper=EIGHT)

if __name__ == "__main__":
    main(STUDY)
