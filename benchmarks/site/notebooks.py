"""A notebook as a page: its prose, its code, and the outputs that it was shipped with."""

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def write_notebook(notebook: Path, page: Path) -> None:
    """Write the page of a notebook, and its pictures beside it."""
    cells = json.loads(notebook.read_text())["cells"]
    parts = []
    for number, cell in enumerate(cells):
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            parts += show_output(output, page, f"{notebook.stem}-{number}")
    page.write_text(f"---\ntitle: {notebook.stem}\n---\n\n" + "\n\n".join(parts) + "\n")


def show_output(output: dict[str, Any], page: Path, name: str) -> Iterator[str]:
    """Yield an output as Markdown: what was printed, a picture, or a table."""
    data = output.get("data", {})
    if output["output_type"] == "stream":
        yield f"```text\n{''.join(output['text'])}```"
    elif "image/png" in data:
        (page.parent / f"{name}.png").write_bytes(base64.b64decode("".join(data["image/png"])))
        yield f"![What the cell above draws]({name}.png)"
    elif "text/html" in data:
        html = re.sub(r"<style.*?</style>", "", "".join(data["text/html"]), flags=re.DOTALL)
        lines = re.sub(r"<table[^>]*>", "<table>", html).splitlines()
        table = "\n".join(line.strip() for line in lines if line.strip())
        yield f'<div class="md-typeset__scrollwrap">\n{table}\n</div>'
