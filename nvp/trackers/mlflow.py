"""MLflow: a run a trial, in an experiment called STUDY/PRESET, on a server or in a database.

Which runs are there is asked of MLflow itself, by their tags, so it does not matter from where they
were exported. A run counts once it has ended: one that was cut off is replaced.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from nvp.trackers.named import import_package
from nvp.trackers.tracked_study import TrackedStudy
from nvp.trackers.trial_run import TrialRun

EXTRA = "mlflow"
SETTINGS = {
    # A server that is away must not hold anybody up for minutes; MLflow's own values: 7 and 120 s.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # two lines a run
}
METRICS, PARAMETERS = 1000, 100  # at most in a request
AT_A_TIME = 8  # requests to a server
MOST_TEXT = 500  # characters of a parameter's value
TRIAL, FINGERPRINT = "nvp.trial_id", "nvp.fingerprint"


def open_tracker(study: TrackedStudy, place: str) -> "Experiment":
    """Return the experiment at a tracking URI: `place`, or the one that MLflow is set to.

    Raises:
        ValueError: MLflow is not installed, or nothing answers there.
    """
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    tracking = import_package("mlflow.tracking", EXTRA)
    uri = place or tracking.get_tracking_uri()
    try:
        client = tracking.MlflowClient(tracking_uri=uri)
        return Experiment(client, f"{study.name}/{study.preset}", uri)
    except Exception as error:  # of MLflow, of the requests below it, of a database
        raise ValueError(
            f"tracker: expected MLflow to answer at {uri} (mlflow=URI or MLFLOW_TRACKING_URI name "
            f"another place), got: {explain_root(error)}"
        ) from None


def explain_root(error: BaseException) -> str:
    """Return in one line what is at the root of an error: MLflow's own repeat each cause."""
    while (cause := error.__cause__ or error.__context__) is not None:
        error = cause
    return f"{type(error).__name__}: {' '.join(str(error).split())[:MOST_TEXT]}"


class Experiment:
    """The runs of a study's preset."""

    def __init__(self, client: Any, name: str, uri: str) -> None:
        self.client, self.place = client, f"{uri} (experiment {name})"
        self.at_a_time = AT_A_TIME if uri.startswith("http") else 1
        self.entities = import_package("mlflow.entities", EXTRA)
        found = client.get_experiment_by_name(name)
        if found is not None and found.lifecycle_stage != "active":
            raise ValueError(f"the experiment {name} is deleted there: restore it, or remove it")
        self.id = found.experiment_id if found else client.create_experiment(name)
        self.known: dict[str, list[str]] = {}

    def list_runs(self) -> Mapping[str, str]:
        """Return {trial: fingerprint} of the runs that ended."""
        whole: dict[str, str] = {}
        self.known = {}
        for run in self.search_runs():
            trial = run.data.tags.get(TRIAL)
            if trial is None:
                continue
            self.known.setdefault(trial, []).append(run.info.run_id)
            if run.info.status != "RUNNING":
                whole.setdefault(trial, run.data.tags.get(FINGERPRINT, ""))
        return whole

    def search_runs(self) -> Iterator[Any]:
        """Yield all runs of the experiment, the newest first."""
        token = None
        while True:
            page = self.client.search_runs([self.id], max_results=1000, page_token=token)
            yield from page
            token = page.token
            if not token:
                return

    def write_runs(self, runs: Sequence[TrialRun]) -> None:
        """Write runs, several at a time to a server, which is mostly waited for."""
        with ThreadPoolExecutor(self.at_a_time) as pool:
            list(pool.map(self.write_run, runs))

    def write_run(self, run: TrialRun) -> None:
        """Write a run, end it, and then delete those that it replaces."""
        made = self.client.create_run(
            self.id,
            start_time=int(1000 * run.started),
            tags=list_tags(run),
            run_name=run.label,
        )
        metric, parameter = self.entities.Metric, self.entities.Param
        values = list_metrics(run, metric)
        given = [parameter(key, str(value)[:MOST_TEXT]) for key, value in run.parameters.items()]
        while values or given:
            room = METRICS - min(len(given), PARAMETERS)
            self.client.log_batch(
                made.info.run_id, metrics=values[:room], params=given[:PARAMETERS]
            )
            values, given = values[room:], given[PARAMETERS:]
        status = "FAILED" if run.status == "failed" else "FINISHED"
        self.client.set_terminated(made.info.run_id, status, end_time=int(1000 * run.ended))
        for old in self.known.pop(run.trial_id, []):
            self.client.delete_run(old)
        self.known[run.trial_id] = [made.info.run_id]

    def close(self) -> None:
        """Do nothing: each run is ended."""


def list_tags(run: TrialRun) -> dict[str, str]:
    """Return the tags of a run; the description shows the command that runs the trial alone."""
    tags = {f"nvp.{name}": text for name, text in run.tags.items()}
    tags |= {FINGERPRINT: run.fingerprint}
    if run.command:
        tags["mlflow.note.content"] = f"To run this trial alone:\n\n    {run.command}"
    return tags


def list_metrics(run: TrialRun, metric: Callable[..., Any]) -> list[Any]:
    """Return the values of a run, by epoch; outcomes are called `end/NAME`, at the last one."""
    last = max((curve[-1][0] for curve in run.curves.values()), default=0)
    span = 1000 * (run.ended - run.started) / max(last, 1)
    points = [(name, epoch, value) for name, curve in run.curves.items() for epoch, value in curve]
    points += [(f"end/{name}", last, value) for name, value in run.outcomes.items()]
    return [
        metric(name, value, int(1000 * run.started + span * epoch), epoch)
        for name, epoch, value in points
    ]
