"""Ship the notebooks executed: `python -m benchmarks.notebooks` runs those that are stale.

A notebook is executed on the tables of its study in evidence/, or on those that `--storage FOLDER`
gives of a study that is not there; else it is left as it is. The tables of evidence/ have no rows
of neurons: a figure that needs them says so. The metadata of a notebook keep what it was executed
on: a hash of its code, and a hash of the tables. Pictures become small ones. Times, paths and
versions of Python are not written.
"""

import argparse
import base64
import hashlib
import io
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from PIL import Image

from benchmarks.evidence.whole import find_fault
from benchmarks.small_picture import reduce_colors

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "analysis/notebooks"
EVIDENCE, PRESETS = ROOT / "evidence", ("laptop", "quick")  # the first that is whole
KEY = "nvp"  # in the metadata of a notebook
WIDTH = 900  # of a picture
DIGITS = 12  # of a hash


def main(argv: list[str] | None = None) -> int:
    """Execute the notebooks that are stale; return 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.notebooks", description=__doc__)
    parser.add_argument("--storage", type=Path, metavar="FOLDER", help="tables at preset quick, of"
                        " studies that are not in evidence/")  # fmt: skip
    parser.add_argument("--again", action="store_true", help="also those that are not stale: what"
                        " figures look like has changed")  # fmt: skip
    parser.add_argument("studies", nargs="*", help="names; none = all")
    arguments = parser.parse_args(argv)
    for path in sorted(FOLDER.glob("*.ipynb")):
        if arguments.studies and path.stem not in arguments.studies:
            continue
        tables = find_tables(path.stem) or find_quick(path.stem, arguments.storage)
        notebook = nbformat.read(path, as_version=4)
        if tables is None:
            print(f"{path.stem}: left as it is, its study is not in evidence/")
        elif arguments.again or notebook.metadata.get(KEY) != describe_run(notebook, tables):
            execute(notebook, tables)
            nbformat.write(notebook, path)
            print(f"{path.stem}: executed on {tables.parent.name} {tables.name}", flush=True)
    return 0


def find_tables(study: str) -> Path | None:
    """Return the folder of the whole study in evidence/, at laptop if it is there; or None."""
    folders = [EVIDENCE / study / preset for preset in PRESETS]
    return next((one for one in folders if one.is_dir() and not find_fault(one)), None)


def find_quick(study: str, storage: Path | None) -> Path | None:
    """Return the folder of a study at quick in other tables, or None."""
    folder = storage and storage / study / "quick"
    return folder if folder and folder.is_dir() else None


def describe_run(notebook: NotebookNode, tables: Path) -> dict[str, str]:
    """Return what a notebook's outputs depend on: its code, and the tables."""
    files = sorted(path.name for path in tables.rglob("*.arrow"))  # a name has its content's hash
    return {
        "code": hash_code(notebook),
        "preset": tables.name,
        "tables": hash_text("\n".join(files)),
    }


def hash_code(notebook: NotebookNode) -> str:
    """Return a hash of the code of a notebook, and of nothing else."""
    return hash_text("\n\n".join(cell["source"] for cell in code_cells(notebook)))


def hash_text(text: str) -> str:
    """Return the first digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells of code, in order."""
    return [cell for cell in notebook.cells if cell["cell_type"] == "code"]


def execute(notebook: NotebookNode, tables: Path) -> None:
    """Execute a notebook in place, on tables; a cell that fails raises."""
    from nbclient import NotebookClient

    metadata = dict(notebook.metadata)
    place = {"NVP_STORAGE": str(tables.parents[1]), "NVP_PRESET": tables.name}
    setting = nbformat.v4.new_code_cell(f"import os\nos.environ.update({place!r})")
    cells = notebook.cells
    notebook.cells = [setting, *cells]
    resources = {"metadata": {"path": FOLDER}}
    client = NotebookClient(notebook, timeout=600, resources=resources, record_timing=False)
    client.allow_errors = True  # `explain_error` raises all that are not about the tables
    client.execute()
    notebook.cells = cells
    for number, cell in enumerate(code_cells(notebook), start=1):
        cell["execution_count"] = number
        # what libraries say on stderr has paths of this machine
        kept = [output for output in cell["outputs"] if output.get("name") != "stderr"]
        cell["outputs"] = [explain_error(output) for output in kept]
        for output in cell["outputs"]:
            shrink_output(output, number)
    # the client writes the version of Python there
    notebook.metadata = nbformat.from_dict(metadata | {KEY: describe_run(notebook, tables)})


def explain_error(output: NotebookNode) -> NotebookNode:
    """Return an output; of a figure that the tables have no rows for, what it lacks.

    Raises:
        RuntimeError: the cell failed for another reason.
    """
    if output["output_type"] != "error":
        return output
    if output["ename"] != "NothingToDraw":
        raise RuntimeError("\n".join(output["traceback"]))
    text = f"Not drawn from the tables of the repository: {output['evalue']}\n"
    return nbformat.v4.new_output("stream", name="stdout", text=text)


def shrink_output(output: NotebookNode, number: int) -> None:
    """Make the picture of an output, if it has one, a small one; number it as its cell."""
    if "execution_count" in output:
        output["execution_count"] = number
    if "image/png" in output.get("data", {}):
        output["data"]["image/png"] = shrink_picture(output["data"]["image/png"])


def shrink_picture(encoded: str) -> str:
    """Return a PNG in base64 with fewer pixels and colours."""
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGB")
    if picture.width > WIDTH:
        height = round(picture.height * WIDTH / picture.width)
        picture = picture.resize((WIDTH, height), Image.Resampling.LANCZOS)
    small = io.BytesIO()
    reduce_colors(picture).save(small, "PNG", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


if __name__ == "__main__":
    sys.exit(main())
