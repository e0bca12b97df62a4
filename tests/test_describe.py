"""The reference pages are those that the code makes."""

from nvp.config import TrialConfig, flatten
from nvp.describe import settings_page, tables_page
from nvp.schema import TABLES
from tests.conftest import ROOT


def test_the_pages_in_docs_are_up_to_date() -> None:
    for name, page in (("tables", tables_page()), ("settings", settings_page())):
        written = (ROOT / "docs" / f"{name}.md").read_text()
        assert written == page, f"run python -m nvp.describe: docs/{name}.md differs"


def test_every_column_and_every_path_is_described() -> None:
    for schema in TABLES.values():
        for field in schema:
            assert f"| `{field.name}`" in tables_page()
            assert field.metadata[b"meaning"]
    for path in flatten(TrialConfig()):
        assert f"| `{path}` |" in settings_page()
