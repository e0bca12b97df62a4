"""The reference pages docs/tables.md and docs/settings.md: `nvp tables`, `nvp settings`."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from nvp.config.command_parser import CommandParser
from nvp.config.extra import Extra
from nvp.config.trial_config import TrialConfig
from nvp.storage.incidents import INCIDENTS
from nvp.storage.schema import TABLES

TABLES_HEAD = """# Tables

Made from `nvp/storage/schema.py` by `nvp tables`. Fractions are in [0, 1]; null means not measured,
never NaN. Columns marked v are volatile: they alone may differ between a killed and
continued run and an unbroken one."""
SETTINGS_HEAD = """# Settings

Made from `nvp/config/trial_config.py` by `nvp settings`. A dotted path is what `--set` takes, what
a study sweeps, and the column of `trials` in the analysis.

| path | default | range | meaning |
|---|---|---|---|"""
SIGNS = {"low": ">=", "above": ">", "high": "<=", "below": "<"}


def tables_page() -> str:
    """Return the data dictionary: every column of every table, its unit and meaning."""
    lines = [TABLES_HEAD]
    for table, schema in {**TABLES, "incidents": INCIDENTS}.items():
        lines += ["", f"## {table}", "", "| column | type | unit | meaning |", "|---|---|---|---|"]
        for field in schema:
            note = {key.decode(): value.decode() for key, value in field.metadata.items()}
            kind = str(field.type).removeprefix("dictionary<values=").split(",")[0]
            mark = " v" if note["volatile"] == "true" else ""
            lines.append(f"| `{field.name}`{mark} | {kind} | {note['unit']} | {note['meaning']} |")
    return "\n".join(lines) + "\n"


def settings_page() -> str:
    """Return every dotted path of a trial's configuration, its default, range and meaning."""
    return "\n".join([SETTINGS_HEAD, *setting_rows(TrialConfig(), "")]) + "\n"


def setting_rows(config: Any, prefix: str) -> list[str]:
    """Return a table row for every leaf below `config`."""
    rows = []
    for field in dataclasses.fields(config):
        value = getattr(config, field.name)
        if dataclasses.is_dataclass(value):
            rows += setting_rows(value, f"{prefix}{field.name}.")
            continue
        limits = field.metadata["limits"].items()
        span = ", ".join(f"{SIGNS[key]} {limit:g}" for key, limit in limits)
        span = " or ".join(field.metadata["choices"]) or span
        is_open = isinstance(value, Extra)
        default = "" if is_open else value if value != "" else "''"
        path = f"{prefix}{field.name}{'.NAME' * is_open}"
        rows.append(f"| `{path}` | {default} | {span} | {field.metadata['meaning']} |")
    return rows


def print_tables(argv: Sequence[str] | None = None) -> int:
    """Print docs/tables.md; return 0."""
    CommandParser(
        prog="nvp tables", description="List every column of every table: docs/tables.md."
    ).parse_args(argv)
    print(tables_page(), end="")
    return 0


def print_settings(argv: Sequence[str] | None = None) -> int:
    """Print docs/settings.md; return 0."""
    CommandParser(
        prog="nvp settings", description="List every setting of a trial: docs/settings.md."
    ).parse_args(argv)
    print(settings_page(), end="")
    return 0
