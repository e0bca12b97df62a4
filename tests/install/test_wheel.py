"""The wheel alone, in an environment of its own, in a folder that knows nothing of this repository.

The environment sees the packages that nvp needs in the one that runs the tests, and not nvp itself:
the wheel is the only nvp there. `make test-all` does the same with everything installed anew.
"""

import os
import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT

STUDY = """
from nvp import Design, ModelConfig, OptimConfig, Study, TrialConfig, grid, main

DESIGN = Design(
    base=TrialConfig(epochs=2, model=ModelConfig(name="mlp"), optim=OptimConfig(lr=0.1)),
    space={"optim.lr": grid(0.05, 0.5)},
    seeds=2,
)
STUDY = Study(name="mystudy", quick=DESIGN, paper=DESIGN)
if __name__ == "__main__":
    main(STUDY)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def bin_folder(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of commands of an environment with the wheel and what it needs."""
    home = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    python = home / "bin" / "python"
    where = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    site = Path(subprocess.check_output(where, text=True).strip())
    # a plain path: the .pth of an editable nvp that lies there is not followed
    (site / "needed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    subprocess.run([*pip, "--no-deps", "--no-index", str(wheel)], check=True)
    return home / "bin"


@pytest.fixture
def own_folder(tmp_path: Path) -> Path:
    """Return a user's folder, with a study and a package `analysis` that is not ours."""
    (tmp_path / "mystudy.py").write_text(STUDY)
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "__init__.py").write_text("raise ImportError('the wrong analysis')")
    return tmp_path


def run(folder: Path, *command: object) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("PYTHONPATH", "NVP_STORAGE", "RAY_ADDRESS")
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env=environment | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_wheel_holds_nvp_alone(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nvp"}


def test_a_study_of_ones_own_runs_and_is_analysed(bin_folder: Path, own_folder: Path) -> None:
    python, nvp = bin_folder / "python", bin_folder / "nvp"
    home = run(own_folder, python, "-c", "import nvp; print(nvp.__file__)").stdout
    assert home.startswith(str(bin_folder.parent))
    ran = run(own_folder, python, "-X", "importtime", "mystudy.py", "--no-ray")
    assert "4 of 4 trials done" in ran.stdout
    loaded = re.findall(r"\| +(\S+)$", ran.stderr, re.MULTILINE)
    assert "torch" in loaded
    assert "torch._dynamo" not in loaded, "torch's compiler takes seconds, and nothing is compiled"
    drawn = run(own_folder, nvp, "analyse", "mystudy").stdout
    assert "report: results/mystudy/quick/report.html" in drawn
    assert (own_folder / "results/mystudy/quick/report.html").exists()
    assert (own_folder / "results/mystudy/quick/figures/dead_at_end.png").exists()
    line = "import nvp; print(len(nvp.load('results', 'mystudy', 'quick').trials))"
    assert run(own_folder, python, "-c", line).stdout == "4\n"


@pytest.mark.minutes
def test_the_command_is_also_the_module(bin_folder: Path, own_folder: Path) -> None:
    methods = run(own_folder, bin_folder / "nvp", "methods").stdout
    assert "nn_relief" in methods
    assert methods == run(own_folder, bin_folder / "python", "-m", "nvp", "methods").stdout
