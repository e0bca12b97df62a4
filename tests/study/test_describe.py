"""The reference pages are those that the code makes."""

import pytest

from nvp.analysis.tables.page import tables_page
from nvp.config.dotted_paths import flatten_config, list_open_paths
from nvp.config.trial_config import TrialConfig
from nvp.storage.schema import TABLES
from nvp.study.reference_pages import settings_page
from tests.conftest import ROOT


def test_the_pages_in_docs_are_up_to_date() -> None:
    for name, page in (("tables", tables_page()), ("settings", settings_page())):
        written = (ROOT / "docs" / f"{name}.md").read_text()
        assert written == page, f"nvp {name} > docs/{name}.md: it differs"


def rows_below(page: str, heading: str) -> dict[str, list[str]]:
    """Return {name: its other cells} of the Markdown table below a heading."""
    below = f"\n{page}".partition(f"\n{heading}\n")[2].partition("\n#")[0]
    lines = [line for line in below.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line[2:-2].split(" | ", 3)] for line in lines]
    return {name.split("`")[1]: rest for name, *rest in cells}


@pytest.mark.parametrize("table", TABLES)
def test_a_table_of_the_page_has_every_column_in_its_order_with_unit_and_meaning(
    table: str,
) -> None:
    written = rows_below((ROOT / "docs" / "tables.md").read_text(), f"## {table}")
    assert list(written) == TABLES[table].names
    for name, (_, unit, meaning) in written.items():
        notes = TABLES[table].field(name).metadata
        assert unit.encode() == notes[b"unit"], name
        assert meaning.encode() == notes[b"meaning"], name
    if table == "trials":
        assert written["test_loss"][:2] == ["float", "nats"]


def test_every_path_of_the_page_has_its_default_and_a_meaning() -> None:
    written = rows_below((ROOT / "docs" / "settings.md").read_text(), "# Settings")
    defaults = flatten_config(TrialConfig())
    open_paths = [f"{path}.NAME" for path in list_open_paths(TrialConfig)]
    assert [path for path in written if path.endswith(".NAME")] == open_paths
    assert all(written.pop(path)[2] for path in open_paths)
    assert list(written) == list(defaults)
    assert written["optim.lr"][0] == "0.1"
    assert written["prune.sparsity"][:2] == ["0.5", ">= 0, < 1"]
    for path, (default, _, meaning) in written.items():
        value = defaults[path]
        assert default == (str(tuple(value) if isinstance(value, list) else value) or "''")
        assert meaning, path
