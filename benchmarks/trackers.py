"""Export of 1,000 made-up trials x 20 epochs into TensorBoard, MLflow and Weights & Biases.

Every trial went through the real writer (`benchmarks.made_up`); MLflow is a server of its own on
loopback, with SQLite behind it, and Weights & Biases is offline. The trackers have to be installed:
`pip install 'nvp[trackers]' flask`. A place made before can be given, and the trackers to measure:
`python -m benchmarks.trackers [PLACE [NAME...]]`. The seconds are of the clock; those of the
CPU, of both exports and of all processes that they started, are printed beside them.
"""

import resource
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path

from benchmarks.bar import bar
from benchmarks.made_up import make
from benchmarks.mlflow_server import serve
from nvp.storage.index import read_index
from nvp.trackers.export import Exporter
from nvp.trackers.named import NAMES, open_tracker
from nvp.trackers.tracked_study import TrackedStudy

SIZES = {"optim.lr": 5, "data.batch_size": 5, "prune.method": 4, "seed": 10}
STUDY = "curves"
WORKERS = 4  # of MLflow's server, as it has by itself


def measure_cpu() -> float:
    """Return the seconds of CPU of this process and of those that it started and that ended."""
    uses = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(use.ru_utime + use.ru_stime for use in uses)


def export(place: str, folder: Path, name: str) -> bool:
    """Export all trials into one tracker, twice; return whether the bar holds."""
    cpu = measure_cpu()
    with serve(folder, WORKERS) if name == "mlflow" else nullcontext(str(folder)) as where:
        start = time.perf_counter()
        study = TrackedStudy(place, STUDY, "quick")
        index = read_index(study.storage, checksums=False)
        tracker = open_tracker(f"{name}={where}", study)
        done = Exporter(tracker).export_trials(study, index, list(index.rows))
        tracker.close()
        seconds = time.perf_counter() - start
        print(f"    {name}: {done.describe()}, {seconds:.1f} s", flush=True)
        start = time.perf_counter()
        again = Exporter(open_tracker(f"{name}={where}", study))
        found = again.export_trials(study, index, list(index.rows))
        print(f"    {name} again: {found.describe()}, {time.perf_counter() - start:.1f} s")
        assert found.unchanged == len(index.rows), found
        again.tracker.close()
    print(f"    {name}, all of it: {measure_cpu() - cpu:.1f} s of CPU", flush=True)
    return bar(f"trackers.{name}_1000_trials_s", seconds, "<=", 60)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        place = sys.argv[1] if len(sys.argv) > 1 else made
        make(place, STUDY, SIZES, whole=False, epochs=True)
        holds = [export(place, Path(made, name), name) for name in sys.argv[2:] or NAMES]
    sys.exit(int(not all(holds)))
