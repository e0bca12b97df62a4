"""Weights & Biases: a run a trial, in the project STUDY, offline unless WANDB_MODE says otherwise.

An offline run is a folder, which `wandb sync` sends. The folders say which runs are there: the name
of each ends with its trial and its fingerprint, which are also the id of the run on the server. So
a run that is sent twice is one run there.
"""

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from nvp.trackers.named import import_package
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trackers.trial_run import TrialRun

EXTRA = "wandb"
FOLDER = re.compile(r"(?:offline-)?run-\d{8}_\d{6}-(?P<trial>[0-9a-f]{12})-(?P<print>[0-9a-f]{12})")
AT_A_TIME = 8  # starting and ending a run is mostly waiting for the process of wandb
DONE = "nvp-whole"  # the file that says that a run's folder is whole


def open_tracker(study: TrackedStudy, place: str) -> "Project":
    """Return the project; its folders are in `place`, else in `wandb` beside the tables."""
    root = Path(place) if place else study.folder
    try:
        (root / "wandb").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"tracker: expected a folder for wandb, got: {error}") from None
    return Project(import_package("wandb", EXTRA), study, root)


class Project:
    """The runs of a study; its presets are groups."""

    def __init__(self, wandb: Any, study: TrackedStudy, root: Path) -> None:
        self.wandb, self.study, self.folder = wandb, study, root / "wandb"
        mode = os.environ.get("WANDB_MODE", "offline")
        self.place = str(self.folder)
        if mode == "offline":
            self.place += f" (to send them: wandb sync {self.folder}/offline-run-*)"
        self.settings = wandb.Settings(
            mode=mode,
            root_dir=str(root),
            silent=True,
            console="off",  # the runs are over: what is printed now is not theirs
            disable_git=True,
            disable_job_creation=True,
            save_code=False,
            x_disable_meta=True,
            x_disable_stats=True,
            x_save_requirements=False,
        )

    def list_folders(self) -> list[tuple[str, str, Path]]:
        """Return (trial, fingerprint, folder) of each run that is there."""
        found = [(FOLDER.fullmatch(path.name), path) for path in self.folder.iterdir()]
        return [(match["trial"], match["print"], path) for match, path in found if match]

    def list_runs(self) -> Mapping[str, str]:
        """Return {trial: fingerprint} of the runs whose folders are whole."""
        return {t: print_ for t, print_, path in self.list_folders() if (path / DONE).exists()}

    def write_runs(self, runs: Sequence[TrialRun]) -> None:
        """Write runs, several at a time, and delete the folders of those that they replace."""
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            written = set(pool.map(self.write_run, runs))
        trials = {run.trial_id for run in runs}
        for trial, _, path in self.list_folders():
            if trial in trials and path not in written:
                shutil.rmtree(path)

    def write_run(self, run: TrialRun) -> Path:
        """Write a run; return its folder."""
        made = self.wandb.init(
            project=self.study.name,
            id=f"{run.trial_id}-{run.fingerprint}",
            name=run.label,
            group=self.study.preset,
            notes=run.command or None,
            tags=[run.status],
            config=dict(run.parameters) | {f"nvp/{name}": text for name, text in run.tags.items()},
            settings=self.settings.model_copy(),  # `init` writes into it
            reinit="create_new",
        )
        made.define_metric("*", step_metric="epoch")
        points: dict[int, dict[str, float]] = {}
        for name, curve in run.curves.items():
            for epoch, value in curve:
                points.setdefault(epoch, {"epoch": epoch})[name] = value
        for epoch in sorted(points):
            made.log(points[epoch], step=epoch)
        made.summary.update({f"end/{name}": value for name, value in run.outcomes.items()})
        folder = Path(made.settings.sync_dir)
        made.finish(exit_code=int(run.status == "failed"))
        (folder / DONE).touch()
        return folder

    def close(self) -> None:
        """End the process of wandb."""
        self.wandb.teardown()
