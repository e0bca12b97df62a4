"""The reference pages are those that the code makes."""

from nvp.config.dotted_paths import flatten_config
from nvp.config.trial_config import TrialConfig
from nvp.storage.schema import TABLES
from nvp.study.reference_pages import settings_page, tables_page
from tests.conftest import ROOT


def test_the_pages_in_docs_are_up_to_date() -> None:
    for name, page in (("tables", tables_page()), ("settings", settings_page())):
        written = (ROOT / "docs" / f"{name}.md").read_text()
        assert written == page, f"nvp {name} > docs/{name}.md: it differs"


def test_every_column_and_every_path_is_described() -> None:
    for schema in TABLES.values():
        for field in schema:
            assert f"| `{field.name}`" in tables_page()
            assert field.metadata[b"meaning"]
    for path in flatten_config(TrialConfig()):
        assert f"| `{path}` |" in settings_page()
