"""The data dictionary, docs/tables.md: every column of every table, its unit and its meaning."""

from nvp.storage.incidents import INCIDENTS
from nvp.storage.schema import TABLES

TABLES_HEAD = """# Tables

Made from `nvp/storage/schema.py` by `nvp tables`. Fractions are in [0, 1]; null means not measured,
never NaN. Columns marked v are volatile: they alone may differ between a killed and
continued run and an unbroken one."""


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
