"""Trials that break, each in its own way, in one study on a real Ray with a declared GPU."""

from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study
from tests.conftest import run_study
from tests.fragile import FRAGILE, with_fragile_model

RAISES, KILLS, FILLS, SOUND = 100, 101, 102, (200, 300)
BREAKS = FRAGILE.replace("import nn", "import nn\nimport os\nimport ray\nimport torch").replace(
    "        return super()",
    """        if self.training and len(x) == 101:
            os.kill(os.getpid(), 9)
        if self.training and len(x) == 102:
            if ray.get_runtime_context().get_assigned_resources()["GPU"] < 1:
                raise torch.OutOfMemoryError("this network wants a whole GPU")
        return super()""",
)
RESET = "    def reset_config(self, new_config: dict[str, Any]) -> bool:\n"
EDITS = (  # one process dies in a reset, between two trials; trials are not on the declared GPU
    (
        "running/ray/actor",
        RESET,
        f"""{RESET}        mark = self.options.run.data_root / "died"
        if not mark.exists():
            mark.touch()
            os.kill(os.getpid(), 9)
""",
    ),
    ("study/devices", 'return "cuda" if gpus', 'return "cpu" if gpus'),
    ("study/devices", "return torch.cuda.is_available()", "return True"),
    ("running/ray/connection", "num_cpus=cpus,", "num_cpus=cpus, num_gpus=1,"),
)


def break_trials(made: Path, batches: tuple[int, ...]) -> Path:
    """Put a copy of nvp in which trials break into a folder, and a study of these batch sizes."""
    with_fragile_model(made, BREAKS, batches)
    for name, before, after in EDITS:
        file = made / f"nvp/{name}.py"
        assert before in file.read_text()
        file.write_text(file.read_text().replace(before, after))
    return made


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of nvp in which trials break."""
    return break_trials(tmp_path_factory.mktemp("broken"), (RAISES, FILLS, *SOUND))


def run(folder: Path, *how: str) -> CompletedProcess[str]:
    return run_study(
        folder / "out",
        *("--preset", "quick", "--gpus-per-trial", "1/2", "--keep-checkpoints", *how),
        env={"PYTHONPATH": str(folder), "NVP_DATA": str(folder)},
        script=folder / "fragile.py",
    )


def rows(folder: Path) -> dict[int, dict[str, Any]]:
    """Return the rows of `trials` by batch size."""
    found = read_index(open_study(str(folder / "out"), "fragile", "quick")).rows.values()
    return {int(row["config"].split('"data.batch_size": ')[1].split(",")[0]): row for row in found}


@pytest.fixture(scope="module")
def ended(folder: Path) -> tuple[CompletedProcess[str], dict[int, dict[str, Any]]]:
    """Return how the study ended, and its rows."""
    return run(folder), rows(folder)


def test_the_others_go_on_and_the_exit_code_says_that_some_failed(ended) -> None:
    process, found = ended
    assert process.returncode == 1, process.stdout + process.stderr
    assert "3 of 4 trials done" in process.stdout
    assert {batch for batch, row in found.items() if row["status"] == "done"} == {FILLS, *SOUND}


def test_a_failing_trial_leaves_its_traceback(ended) -> None:
    process, found = ended
    assert "RuntimeError: this network breaks on batches of 100" in process.stdout
    assert found[RAISES]["status"] == "failed"
    assert "Traceback" in found[RAISES]["error"]


@pytest.mark.minutes
def test_a_trial_that_kills_its_process_every_time_is_a_failed_row(tmp_path: Path) -> None:
    folder = break_trials(tmp_path, (KILLS, SOUND[0]))
    process, found = run(folder), rows(folder)
    assert process.returncode == 1, process.stdout + process.stderr
    assert "failed: the trial's process died 4 times" in process.stdout
    assert {batch: row["status"] for batch, row in found.items()} == {
        KILLS: "failed",
        SOUND[0]: "done",
    }


def test_a_process_that_dies_between_two_trials_costs_no_trial(folder: Path, ended) -> None:
    process, _ = ended
    assert (folder / "died").exists()
    assert "its process died at the start; trying again later" in process.stdout


def test_a_trial_out_of_memory_runs_again_alone_on_a_whole_gpu(ended) -> None:
    process, found = ended
    assert process.stdout.count("out of memory; later alone on a whole GPU") == 1
    assert found[FILLS]["retried_alone"]
    assert not any(found[batch]["retried_alone"] for batch in SOUND)


def test_checkpoints_stay_when_asked_for(folder: Path, ended) -> None:
    _, found = ended
    storage = open_study(str(folder / "out"), "fragile", "quick")
    for batch in (FILLS, *SOUND):
        newest = max(storage.files(f"checkpoints/{found[batch]['trial_id']}"))
        assert newest.rpartition("/")[2].startswith("00001-")


def test_once_mended_the_next_start_runs_the_failed_ones_and_no_others(folder: Path, ended) -> None:
    _, before = ended
    (folder / "nvp/models/fragile.py").write_text(FRAGILE.replace("== 100", "== 0"))
    again = run(folder, "--no-ray")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "3 done, 1 to run, 1 failed" in again.stdout
    assert "4 of 4 trials done" in again.stdout
    after = rows(folder)
    assert all(after[batch] == before[batch] for batch in (FILLS, *SOUND))
