"""The hash of the code: what changes it, what does not, and what rows say of it."""

import ast
import json
import shutil
import subprocess
import sys
import textwrap
import types
from pathlib import Path

import pytest

import nvp
from nvp.config.identity import trial_id
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.trial import attempt, requirements
from nvp.trial.source_code import code_digests, code_hash
from nvp.trial.source_code.code_digests import digest_sources
from nvp.trial.source_code.code_hash import describe_node, hash_code
from nvp.trial.trial_row import commit_lost
from tests.smallest import SMALLEST
from tests.trials import interrupt, run_to_end

CONFIG = SMALLEST.with_overrides({"epochs": 2, "data.batch_size": 32})
NAME = trial_id(CONFIG)
FILES = {
    "config/a.py": "X = 1\n",
    "training/optim.py": '"""Steps."""\n\nLR = 0.5  # half\n\n\ndef f():\n    """Go."""\n    g()\n',
    "vitality/death.py": "def is_dead(x):\n    return x <= 0.025\n",
    "analysis/plot.py": "X = 1\n",
    "storage/store.py": "X = 1\n",
    "study/study.py": "X = 1\n",
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a package of a few lines, laid out as nvp is."""
    for name, text in FILES.items():
        (tmp_path / "nvp" / name).parent.mkdir(parents=True)
        (tmp_path / "nvp" / name).write_text(text)
    return tmp_path / "nvp"


def hash_of(root: Path) -> str:
    hash_code.cache_clear()
    return hash_code((), root)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, path
    path.write_text(text.replace(old, new, 1))


def test_a_copy_of_nvp_with_another_constant_is_told_from_one_with_other_comments(
    tmp_path: Path,
) -> None:
    copy = Path(shutil.copytree(Path(nvp.__file__).parent, tmp_path / "nvp"))
    for path in copy.rglob("*.py"):
        text = path.read_text()
        path.write_text(
            "# a comment\n\n" + text.replace('"""', '"""Another word. ', 1) + "\n\n# end"
        )
    for package in ("analysis", "storage", "study", "planning", "running"):
        shutil.rmtree(copy / package)
    assert hash_of(copy) == hash_of(code_hash.NVP)
    edit(copy / "vitality/death.py", "0.025", "0.026")
    assert hash_of(copy) != hash_of(code_hash.NVP)


def test_a_digest_that_was_kept_is_that_of_its_source_and_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(code_digests, "cache_from_source", lambda _: str(tmp_path / "a/x.pyc"))
    asked: list[bytes] = []

    def digest(source: bytes) -> str:
        asked.append(source)
        return source.decode() * 2

    assert digest_sources([b"a", b"b"], digest, b"twice") == ["aa", "bb"]
    assert digest_sources([b"b", b"c", b"a"], digest, b"twice") == ["bb", "cc", "aa"]
    assert asked == [b"a", b"b", b"c"]
    assert digest_sources([b"a"], lambda _: "x", b"another rule") == ["x"]
    (tmp_path / "a/x.json").write_text("{dam")
    assert digest_sources([b"a"], digest, b"twice") == ["aa"]
    monkeypatch.setattr(code_digests, "MOST", 1)
    assert digest_sources([b"d"], digest, b"twice") == ["dd"]
    assert len(json.loads((tmp_path / "a/x.json").read_text())) == 1
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["x.json"]


def test_another_process_has_the_same_hash() -> None:
    """Whatever its random seed of hashes, as a worker of Ray's has another one."""
    command = [
        sys.executable,
        "-c",
        "from nvp.trial.source_code.code_hash import *; print(hash_code())",
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == hash_code()
    assert len(hash_code()) == 12
    assert int(hash_code(), 16)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("training/optim.py", "0.5", "0.25"),
        ("training/optim.py", "g()", "g(1)"),
        ("training/optim.py", "    g()", "    pass\ng()"),
        ("vitality/death.py", "0.025", "0.026"),
        ("vitality/death.py", "<=", "<"),
        ("vitality/death.py", "return x", "return -x"),
        ("config/a.py", "1", "1.0"),
    ],
)
def test_a_change_of_what_computes_results_is_another_hash(
    small: Path, file: str, old: str, new: str
) -> None:
    before = hash_of(small)
    edit(small / file, old, new)
    assert hash_of(small) != before


def test_a_new_file_a_renamed_one_and_one_that_does_not_parse_are_another_hash(small: Path) -> None:
    before = hash_of(small)
    (small / "training/more.py").write_text("X = 1\n")
    more = hash_of(small)
    (small / "training/more.py").rename(small / "training/less.py")
    renamed = hash_of(small)
    (small / "training/less.py").write_text("X = (\n")
    assert len({before, more, renamed, hash_of(small)}) == 4


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("training/optim.py", "# half", "# a half"),
        ("training/optim.py", "  # half", ""),
        ("training/optim.py", "Steps.", "All steps."),
        ("training/optim.py", '    """Go."""\n', ""),
        ("training/optim.py", "\n\n\n", "\n"),
        ("training/optim.py", "LR = 0.5", "LR = (0.50)"),
        ("analysis/plot.py", "1", "2"),
        ("storage/store.py", "1", "2"),
        ("study/study.py", "1", "2"),
    ],
)
def test_comments_docstrings_layout_and_other_packages_are_no_change(
    small: Path, file: str, old: str, new: str
) -> None:
    before = hash_of(small)
    edit(small / file, old, new)
    assert hash_of(small) == before


def test_line_breaks_quotes_brackets_and_trailing_commas_are_no_change() -> None:
    wide = 'def f(a, b):\n    """Say it."""\n    return g(a, "x") + (b if a else 1_000)\n'
    tall = "def f(\n    a,\n    b,\n):\n    return (g(a, 'x',)  # c\n    + (b if (a) else 1000))\n"
    assert words_of(wide) == words_of(tall)
    assert words_of("x = (1,)") != words_of("x = (1)")
    assert words_of("x = f'{a!r:>{w}}' 'b'") == words_of('x = f"{a!r:>{w}}b"')
    assert words_of("if a:\n    b()\nc()") != words_of("if a:\n    b()\n    c()")
    assert words_of("x = 1") != words_of("x = 1.0") != words_of("x = True")
    assert words_of("x = None") != words_of("x = ''")
    assert words_of("return_ = 'a;b'") != words_of("return_ = 'a'; b")


def words_of(text: str) -> list[str]:
    return describe_node(ast.parse(textwrap.dedent(text)))


def test_a_string_that_is_no_docstring_is_a_change() -> None:
    assert words_of("def f():\n    'say'\n    g('a')") == words_of("def f():\n    g('a')")
    assert words_of("def f():\n    'say'\n    g('a')") != words_of("def f():\n    g('b')")
    assert words_of("def f():\n    'say'") == words_of("def f():\n    'more'")
    assert words_of("X = 'say'") != words_of("X = 'more'")


def test_modules_of_a_user_join(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType("mine")
    module.__file__ = str(tmp_path / "mine.py")
    monkeypatch.setitem(sys.modules, "mine", module)

    def hash_with(text: str) -> str:
        (tmp_path / "mine.py").write_text(text)
        hash_code.cache_clear()
        return hash_code(("mine",), small)

    assert hash_with("SLOPE = 0.1") == hash_with("SLOPE = 0.1  # steep")
    assert hash_with("SLOPE = 0.1") != hash_with("SLOPE = 0.2")
    assert hash_with("SLOPE = 0.1") != hash_of(small)


# --- what a row says


def row_of(storage: Storage) -> dict:
    return read_index(storage).rows[NAME]


def pretend(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Let the trials of this process be of other code."""
    for module in (attempt, requirements):
        monkeypatch.setattr(module, "hash_trial_code", lambda config: code)


def test_a_row_has_the_hash_of_the_code_that_computed_it(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    run_to_end(CONFIG, storage)
    row = row_of(storage)
    assert row["code"] == hash_code()
    for name in ("nvp", "torch", "ray", "python"):
        assert f"{name} " in row["version"]
    assert run_to_end(CONFIG, storage, redo_changed=True) == "done"
    assert row_of(storage) == row, "a trial of this code ran again"


def test_a_lost_trial_has_the_code_of_the_driver(tmp_path: Path) -> None:
    storage = Storage.at(str(tmp_path))
    commit_lost(CONFIG, storage, "its process died 4 times")
    assert row_of(storage)["code"] == hash_code()


def test_a_trial_that_two_codes_computed_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.at(str(tmp_path))
    interrupt(CONFIG, storage, 1)
    pretend(monkeypatch, "0123456789ab")
    assert run_to_end(CONFIG, storage) == "done"
    assert row_of(storage)["code"] is None


def test_a_changed_trial_runs_again_from_its_start_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = Storage.at(str(tmp_path))
    run_to_end(CONFIG, storage, keep_checkpoints=True)
    before = row_of(storage)
    pretend(monkeypatch, "0123456789ab")
    run_to_end(CONFIG, storage)
    assert row_of(storage) == before
    run_to_end(CONFIG, storage, redo_changed=True)
    after = row_of(storage)
    assert after["code"] == "0123456789ab", "it went on from a checkpoint of other code"
    assert after["attempt"] > before["attempt"]
    assert not read_index(storage).damaged
