"""An extension of Griffe: the docstring of a configuration class gets the meanings of its fields.

A field made by `setting(default, meaning)` says what it means; the reference lists the fields of a
class as its attributes, as if the docstring had them.
"""

import ast
import html
from typing import Any

import griffe  # pyright: ignore[reportMissingImports]

MAKERS = {"setting": 1, "section": 1, "open_settings": 0}  # which argument says the meaning


class Meanings(griffe.Extension):
    """Reads the fields of a class that calls of `nvp.config.fields` make."""

    def on_class_members(
        self, *, node: ast.AST | griffe.ObjectNode, cls: Any, **_more: object
    ) -> None:
        """Add the fields of a class to its docstring, and show their defaults alone."""
        lines = []
        for field in getattr(node, "body", []):
            maker = read_maker(field)
            if maker in MAKERS:
                name, call = ast.unparse(field.target), field.value
                meaning = html.escape(ast.literal_eval(call.args[MAKERS[maker]]), quote=False)
                lines.append(f"    {name}: {meaning}.")
                cls.members[name].value = read_default(maker, call)
        if lines and cls.docstring:
            text = "\n".join([cls.docstring.value, "", "Attributes:", *lines])
            cls.docstring = griffe.Docstring(text, parent=cls)


def read_maker(field: ast.stmt) -> str:
    """Return the function that makes a field of a class; "" of all else."""
    if not isinstance(field, ast.AnnAssign) or not isinstance(field.value, ast.Call):
        return ""
    return ast.unparse(field.value.func)


def read_default(maker: str, call: ast.Call) -> str:
    """Return the default of a field as a signature has it."""
    if maker == "open_settings":
        return "Extra()"
    first = ast.unparse(call.args[0])
    return f"{first}()" if maker == "section" else first
