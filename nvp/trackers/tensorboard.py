"""TensorBoard: a folder of event files, one folder a trial, whole or not at all.

The fingerprint of a trial is in the name of its file. Beside the trials, one file says which
hyperparameters the HPARAMS page shows: the swept ones.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from nvp.trackers.named import import_package
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trackers.trial_run import TrialRun

EXTRA = "tensorboard"
PREFIX = "events.out.tfevents."  # TensorBoard reads no other files
SHOWN = ("val_accuracy", "end/test_accuracy", "end/sparsity")  # columns of the HPARAMS page


def open_tracker(study: TrackedStudy, place: str) -> "EventFolder":
    """Return the folder of event files: `place`, else `tensorboard` beside the tables."""
    folder = Path(place) if place else study.folder / "tensorboard"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"tracker: expected a folder for tensorboard, got: {error}") from None
    return EventFolder(folder)


class EventFolder:
    """A folder that `tensorboard --logdir` shows."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.place = folder, str(folder)
        self.records = import_package("tensorboard.summary.writer.record_writer", EXTRA)
        self.make = EventMaker()
        self.shown: tuple[str, ...] | None = None  # on the page HPARAMS

    def list_runs(self) -> Mapping[str, str]:
        """Return {trial: fingerprint} by the names of the files."""
        found = self.folder.glob(f"*/{PREFIX}*.nvp-*")
        return {path.parent.name: path.name.rpartition("-")[2] for path in found}

    def write_runs(self, runs: Sequence[TrialRun]) -> None:
        """Write a file for each run, and delete those that it replaces."""
        for run in runs:
            folder = self.folder / run.trial_id
            folder.mkdir(exist_ok=True)
            name = f"{PREFIX}{int(run.started)}.nvp-{run.fingerprint}"
            self.write_events(folder / name, self.make.list_events(run))
            for old in folder.glob(f"{PREFIX}*.nvp-*"):
                if old.name != name:
                    old.unlink()
            if run.swept != self.shown:
                self.write_events(self.folder / f"{PREFIX}0.nvp", [self.make.list_columns(run)])
                self.shown = run.swept

    def write_events(self, path: Path, events: Iterable[Any]) -> None:
        """Write a file of events under a name that TensorBoard does not read, and rename it."""
        unfinished = path.with_name(f".{os.getpid()}.{path.name.removeprefix(PREFIX)}")
        with unfinished.open("wb") as file:
            writer = self.records.RecordWriter(file)
            for event in [self.make.head, *events]:
                writer.write(event.SerializeToString())
        unfinished.replace(path)

    def close(self) -> None:
        """Do nothing: each file is whole."""


class EventMaker:
    """Makes TensorBoard's events from runs, without TensorFlow."""

    def __init__(self) -> None:
        self.event = import_package("tensorboard.compat.proto.event_pb2", EXTRA).Event
        self.summary = import_package("tensorboard.compat.proto.summary_pb2", EXTRA).Summary
        self.types = import_package("tensorboard.compat.proto.types_pb2", EXTRA)
        self.text = import_package("tensorboard.plugins.text.metadata", EXTRA)
        self.api = import_package("tensorboard.plugins.hparams.api_pb2", EXTRA)
        self.hparams = import_package("tensorboard.plugins.hparams.metadata", EXTRA)
        self.data = import_package("tensorboard.plugins.hparams.plugin_data_pb2", EXTRA)
        self.head = self.event(file_version="brain.Event:2")

    def list_events(self, run: TrialRun) -> Iterator[Any]:
        """Yield the events of a run; one has all values of an epoch."""
        yield self.make_event(run.started, 0, [self.describe_start(run), *self.make_texts(run)])
        points: dict[int, list[Any]] = {}
        for name, curve in run.curves.items():
            for epoch, value in curve:
                points.setdefault(epoch, []).append(self.make_scalar(name, value))
        span, last = run.ended - run.started, max(points, default=0)
        for epoch in sorted(points):  # spread evenly over the trial: its rows have no clock
            yield self.make_event(run.started + span * epoch / max(last, 1), epoch, points[epoch])
        ends = [self.make_scalar(f"end/{name}", value) for name, value in run.outcomes.items()]
        yield self.make_event(run.ended, last, [*ends, self.describe_end(run)])

    def make_event(self, when: float, epoch: int, values: list[Any]) -> Any:
        """Return the event of one moment."""
        return self.event(wall_time=when, step=epoch, summary=self.summary(value=values))

    def make_scalar(self, name: str, value: float) -> Any:
        """Return one value of a curve."""
        return self.summary.Value(tag=name, simple_value=value)

    def make_texts(self, run: TrialRun) -> Iterator[Any]:
        """Yield what the page TEXT shows: the command that runs the trial alone, and the tags."""
        rows = "".join(f"| {name} | {text} |\n" for name, text in run.tags.items())
        texts = {"command": f"    {run.command or 'none'}", "tags": f"| tag | |\n|---|---|\n{rows}"}
        for name, text in texts.items():
            metadata = self.text.create_summary_metadata(name, "")
            value = self.summary.Value(tag=f"nvp/{name}", metadata=metadata)
            value.tensor.dtype = self.types.DT_STRING
            value.tensor.tensor_shape.dim.add(size=1)
            value.tensor.string_val.append(text.encode())
            yield value

    def describe_start(self, run: TrialRun) -> Any:
        """Return the hyperparameters of a run, for the page HPARAMS."""
        start = self.data.SessionStartInfo(group_name=run.trial_id, start_time_secs=run.started)
        for name, value in run.parameters.items():
            kind = "bool" if isinstance(value, bool) else "string"
            kind = "number" if kind == "string" and not isinstance(value, str) else kind
            setattr(start.hparams[name], f"{kind}_value", value)
        tag = self.hparams.SESSION_START_INFO_TAG
        return self.make_hparams(tag, self.data.HParamsPluginData(session_start_info=start))

    def describe_end(self, run: TrialRun) -> Any:
        """Return when and how a run ended, for the page HPARAMS."""
        status = self.api.STATUS_FAILURE if run.status == "failed" else self.api.STATUS_SUCCESS
        end = self.data.SessionEndInfo(status=status, end_time_secs=run.ended)
        tag = self.hparams.SESSION_END_INFO_TAG
        return self.make_hparams(tag, self.data.HParamsPluginData(session_end_info=end))

    def list_columns(self, run: TrialRun) -> Any:
        """Return the event that says which columns the page HPARAMS has: swept keys, outcomes."""
        kinds = {bool: self.api.DATA_TYPE_BOOL, str: self.api.DATA_TYPE_STRING}
        found = [(key, kinds.get(type(run.parameters[key]))) for key in run.swept]
        experiment = self.api.Experiment(
            hparam_infos=[
                self.api.HParamInfo(name=key, type=kind or self.api.DATA_TYPE_FLOAT64)
                for key, kind in found
            ],
            metric_infos=[
                self.api.MetricInfo(name=self.api.MetricName(tag=name)) for name in SHOWN
            ],
        )
        data = self.data.HParamsPluginData(experiment=experiment)
        return self.make_event(0.0, 0, [self.make_hparams(self.hparams.EXPERIMENT_TAG, data)])

    def make_hparams(self, tag: str, data: Any) -> Any:
        """Return a value that only the page HPARAMS reads."""
        metadata = self.hparams.create_summary_metadata(data)
        return self.summary.Value(tag=tag, metadata=metadata, tensor=self.hparams.NULL_TENSOR)
