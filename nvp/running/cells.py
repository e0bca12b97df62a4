"""Cells of a notebook, or lines typed into Python: what differs there from a script.

A cell is run again where a script is started again. It must not end its process. Its output is a
page, on which one line is replaced while a study runs.
"""

import sys
from typing import Any


def find_shell() -> Any:
    """Return the shell of IPython that runs this process; None where none does."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython else None


def is_in_cell() -> bool:
    """Whether a person calls this process cell by cell or line by line."""
    return find_shell() is not None or hasattr(sys, "ps1")


def is_notebook() -> bool:
    """Whether the output of this process is the page of a notebook."""
    return getattr(find_shell(), "kernel", None) is not None


def read_cells() -> str | None:
    """Return the cells that were run so far, in order; None outside of IPython."""
    shell = find_shell()
    if shell is None:
        return None
    cells = [cell.rstrip() for cell in shell.user_ns.get("In", []) if cell.strip()]
    return "\n\n".join(f"# %%\n{cell}" for cell in cells) + "\n"


class CellLine:
    """A line in the output of a cell, which is replaced."""

    def __init__(self, text: str) -> None:
        from IPython.display import display  # a notebook has imported it before

        self.handle: Any = display({"text/plain": text}, raw=True, display_id=True)

    def replace(self, text: str) -> None:
        """Show another text in its place."""
        self.handle.update({"text/plain": text}, raw=True)
