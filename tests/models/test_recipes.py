"""The recipe of the README for a user's own model, followed to the letter."""

import re
import shutil
from pathlib import Path

from nvp.storage.reader import open_study, read_index, read_table
from tests.conftest import ROOT, SCRIPT, run_study


def recipe() -> tuple[str, str, str]:
    """Return (file name, its text, the registry line) of the README's recipe."""
    chapter = (ROOT / "README.md").read_text().split("### Model\n")[1].split("\n### ")[0]
    text, line = re.findall(r"```python\n(.*?)```", chapter, flags=re.DOTALL)
    return text.splitlines()[0].removeprefix("# "), text, line


def test_a_users_own_model_is_watched_and_pruned(tmp_path: Path) -> None:
    name, text, line = recipe()
    shutil.copytree(ROOT / "nvp", tmp_path / "nvp")
    (tmp_path / "studies").mkdir()
    script = shutil.copy(SCRIPT, tmp_path / "studies")
    (tmp_path / name).write_text(text)
    registry = tmp_path / "nvp/models/__init__.py"
    stem = Path(name).stem
    edited = re.sub(
        r"(from nvp.models import [\w, ]+)", rf"\1, {stem}", registry.read_text(), count=1
    )
    registry.write_text(edited.replace('    "mlp": ', f'{line}    "mlp": '))
    ended = run_study(
        tmp_path / "out", "--preset", "quick", "--no-ray", "--seeds", "1",
        "--set", f"model.name={stem}", "--set", "epochs=2", "--set", "optim.lr=0.2",
        "--set", "prune.method=nvp", "--set", "prune.start=0", "--set", "prune.end=0.5",
        script=Path(script), env={"PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    index = read_index(open_study(str(tmp_path / "out"), "sgd_noise", "quick"))
    assert len(index.rows) == 4
    assert {row["masked_units"] for row in index.rows.values()} == {32}
    layers = read_table(index, "layers").to_pylist()
    assert {row["layer"] for row in layers} == {"hidden"}
    assert {row["dense"] for row in layers} == {64}
