"""The wheel alone, in an environment of its own, in a folder that knows nothing of this repository.

`make test-all` does the same with everything installed anew.
"""

import zipfile
from pathlib import Path

import pytest

from tests.install.conftest import write_files
from tests.install.environment import list_imports, run


def test_the_wheel_holds_nvp_alone(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nvp"}


def test_a_study_runs_by_the_wheel_alone_and_without_a_compiler(
    bin_folder: Path, tmp_path: Path
) -> None:
    write_files(tmp_path)
    where = "import nvp; print(nvp.__file__)"
    assert run(tmp_path, bin_folder / "python", "-c", where).stdout.startswith(
        str(bin_folder.parent)
    )
    words = ("loudness.py", "--no-ray", "--seeds", "1")
    done = run(tmp_path, bin_folder / "python", *words, imports=True)
    assert "2 of 2 trials done" in done.stdout
    loaded = list_imports(done.stderr)
    assert "torch" in loaded
    assert "ray" not in loaded
    assert "torch._dynamo" not in loaded, "torch's compiler takes seconds, and nothing is compiled"


@pytest.mark.minutes
def test_the_command_is_also_the_module(bin_folder: Path, own_folder: Path) -> None:
    methods = run(own_folder, bin_folder / "nvp", "methods").stdout
    assert "nn_relief" in methods
    assert methods == run(own_folder, bin_folder / "python", "-m", "nvp", "methods").stdout
