"""A study of four trials of one epoch, and a tracker of a user's own that writes lines of JSON."""

from pathlib import Path
from typing import Any

import nvp
from nvp.analysis.frames.load import StudyFrames
from nvp.config.space import grid
from nvp.planning.design import Design
from nvp.study.study import Study
from tests.smallest import SMALLEST

DESIGN = Design(base=SMALLEST, space={"optim.lr": grid(0.1, 0.2)}, seeds=2)
STUDY = Study(name="tracked", quick=DESIGN, paper=DESIGN)
OWN = """
import json, os, time
from pathlib import Path


class Lines:
    def __init__(self, study, place):
        self.place = place
        self.file = Path(place)

    def list_runs(self):
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return {row["trial_id"]: row["fingerprint"] for row in map(json.loads, lines)}

    def write_runs(self, runs):
        print("a tracker that prints is not heard")
        with self.file.open("a") as file:
            for run in runs:
                row = {name: getattr(run, name) for name in run.__annotations__}
                file.write(json.dumps(row) + "\\n")

    def close(self):
        pass


class Failing(Lines):
    def write_runs(self, runs):
        raise RuntimeError("the server\\nhas gone")


class Dying(Lines):
    def write_runs(self, runs):
        os._exit(9)


class Hanging(Lines):
    def write_runs(self, runs):
        time.sleep(600)


def refuse(study, place):
    raise ValueError("tracker: expected a key in MY_KEY, got none")


def forget(study, place):
    return None
"""


def run(place: Path, **given: Any) -> StudyFrames:
    """Run the study without Ray."""
    return nvp.run(STUDY, preset="quick", storage=str(place), no_ray=True, **given)
