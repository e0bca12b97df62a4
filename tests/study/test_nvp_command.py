"""The command `nvp` and the names of `import nvp`: help, refusals, and what they load."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import nvp
from nvp.__main__ import VERBS, main
from nvp.analysis.command import main as analysis
from nvp.planning.plan import make_plan
from nvp.planning.study_file import write_study
from nvp.storage.study_folder import open_study
from tests.conftest import ROOT
from tests.small_search import STUDY

MODULE = [sys.executable, "-m", "nvp"]
FIXED = {"optim.lr": "0.1", "prune.method": "random", "prune.sparsity": "0.5"}
PLAN = make_plan(STUDY.quick.with_settings(FIXED, 1))
HEAVY = ("torch", "ray", "pandas", "pyarrow", "numpy")


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, where nvp is found as installed and nowhere else."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=200)


@pytest.fixture(scope="module")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a storage with a study of one trial, `PLAN`, that was started and has no row."""
    place = tmp_path_factory.mktemp("planned")
    write_study(open_study(str(place), "small_search", "quick"), "small_search", "quick", PLAN, {})
    return place


@pytest.fixture(scope="module")
def finished(small_study: Callable[[str], Path]) -> Path:
    """Return a storage with a finished study, sgd_noise cut down."""
    return small_study("sgd_noise")


def refusal(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Return the one line that a command refuses its arguments with."""
    try:
        code = main(arguments)
    except SystemExit as ended:
        code = ended.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("error: ")
    return line


@pytest.mark.parametrize("arguments", [[], ["help"], ["-h"], ["--help"]])
def test_help_lists_every_verb(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["nvp"])
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    lines = [line for line in shown.splitlines() if line.startswith("  ")]
    assert [line.split()[0] for line in lines] == list(VERBS)
    assert all(len(line) <= 80 for line in lines)


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([verb, "--help"])
    assert ended.value.code == 0
    usage, description, *_ = capsys.readouterr().out.split("\n\n")
    assert usage.startswith(f"usage: nvp {verb} ")
    for argument in VERBS[verb].arguments.removesuffix("...").split():
        assert argument in usage.split()
    assert description[0].isupper()
    assert description.endswith(".")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("nvp 0.")


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("analyze small_search", "expected a verb, one of analyse, .*did you mean 'analyse'"),
        ("analyse small_serch --storage PLACE", "did you mean 'small_search'"),
        ("compare small_search small_serch --storage PLACE", "expected tables of the study"),
        ("export small_serch --storage PLACE --trial x --out x", "did you mean 'small_search'"),
        ("overlap small_serch --storage PLACE --trial x", "did you mean 'small_search'"),
        ("compact small_serch --storage PLACE", "did you mean 'small_search'"),
        ("analyse small_search --preset quik", "--preset: expected .*did you mean 'quick'"),
        ("export small_search --preset quik", "--preset: expected .*did you mean 'quick'"),
        ("analyse small_search --prset quick", "unknown argument '--prset'.*'--preset'"),
        ("analyse small_search --pres quick", "unknown argument '--pres'.*'--preset'"),
        ("export small_search --storage PLACE --trial TRIAL --out x", "--trial: .*did you mean"),
        ("overlap small_search --storage PLACE --trial TRIAL", "--trial: .*did you mean"),
        ("overlap small_search --storage PLACE --trial x --sparsity 2", "--sparsity: expected"),
        ("data cifra10", "did you mean 'cifar10'"),
        ("doctor nowhere.yaml", "nowhere.yaml: expected a cluster's YAML"),
        ("analyse", "the following arguments are required: STUDY"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(
    arguments: str, expected: str, planned: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (name,) = PLAN.trials
    words = arguments.replace("PLACE", str(planned)).replace("TRIAL", name[:-1] + "x").split()
    assert re.search(expected, refusal(words, capsys))


def test_a_wrong_trial_of_a_figure_names_the_nearest(
    finished: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(iter(nvp.load(str(finished), "sgd_noise").trials["trial_id"]))
    line = refusal(
        ["analyse", "sgd_noise", "--storage", str(finished), "--trial", name[:-1] + "x"], capsys
    )
    assert f"did you mean {name!r}" in line


def test_figures_that_cannot_be_written_are_said_in_one_line(
    finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(finished / "sgd_noise", tmp_path / "sgd_noise")
    shutil.rmtree(tmp_path / "sgd_noise/quick/figures", ignore_errors=True)
    (tmp_path / "sgd_noise/quick/figures").write_text("no folder")
    assert main(["analyse", "sgd_noise", "--storage", str(tmp_path)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: expected files that can be read and written, got: ")


@pytest.mark.parametrize(
    "work", ["import nvp", "from nvp.__main__ import main; main(['--help']); main(['nothing'])"]
)
def test_nothing_heavy_is_loaded_before_it_is_used(work: str, tmp_path: Path) -> None:
    code = f"import sys; {work}; sys.stderr.write(str([m for m in {HEAVY} if m in sys.modules]))"
    ended = run([sys.executable, "-c", code], tmp_path)
    assert ended.returncode == 0
    assert ended.stderr.endswith("[]")


def test_every_public_name_has_one_home() -> None:
    tree = ast.parse(Path(nvp.__file__).read_text())
    (checking,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {
        alias.name: node.module
        for node in checking.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == nvp.HOMES
    assert sorted(nvp.__all__) == sorted(nvp.HOMES) == sorted(dir(nvp))
    for name in nvp.__all__:
        assert name in (nvp.__doc__ or "").replace(",", " ").split()
        assert getattr(nvp, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = nvp.nothing


def help_of(
    command: Callable[..., int], words: list[str], capsys: pytest.CaptureFixture[str]
) -> str:
    with pytest.raises(SystemExit) as ended:
        command([*words, "--help"])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_python_m_analysis_is_nvp_analyse(
    planned: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for verb, words in (("analyse", []), ("compare", ["compare"])):
        shown = help_of(main, [verb], capsys)
        assert help_of(analysis, words, capsys) == shown
    ended = run([sys.executable, "-m", "analysis", *words, "--help"], ROOT)
    assert (ended.returncode, ended.stdout) == (0, shown)
    arguments = ["small_serch", "--storage", str(planned)]
    assert analysis(arguments) == main(["analyse", *arguments]) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == second


@pytest.fixture
def shadowed(tmp_path: Path) -> Path:
    """Return a folder with a package `analysis` of its own, which cannot be imported."""
    (tmp_path / "analysis").mkdir()
    (tmp_path / "analysis" / "__init__.py").write_text("raise ImportError('not this one')\n")
    return tmp_path


@pytest.mark.minutes
def test_a_folder_of_the_name_analysis_shadows_nothing(finished: Path, shadowed: Path) -> None:
    """Shown for `python -m nvp`: the folder is on its path, and not on that of `nvp`."""
    analyse = ["analyse", "sgd_noise", "--storage", str(finished)]
    ended = run([*MODULE, *analyse], shadowed)
    assert ended.returncode == 0, ended.stderr
    assert "report: " in ended.stdout
    code = f"import nvp; print(len(nvp.load({str(finished)!r}, 'sgd_noise').trials))"
    loaded = run([sys.executable, "-c", code], shadowed)
    assert loaded.returncode == 0, loaded.stderr
    assert int(loaded.stdout) > 0
