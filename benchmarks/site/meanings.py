"""An extension of Griffe: the docstring of a configuration class gets the meanings of its fields.

A field made by `setting(default, meaning)` says what it means; the reference lists the fields of a
class as its attributes, as if the docstring had them.
"""

import ast

import griffe  # pyright: ignore[reportMissingImports]

MAKERS = {"setting": 1, "section": 1, "open_settings": 0}  # which argument says the meaning


class Meanings(griffe.Extension):
    """Reads the fields of a class that calls of `nvp.config.fields` make."""

    def on_class_members(
        self, *, node: ast.AST | griffe.ObjectNode, cls: griffe.Class, **_more: object
    ) -> None:
        """Add the fields of a class to its docstring."""
        lines = [line for field in getattr(node, "body", []) if (line := describe_field(field))]
        if lines and cls.docstring:
            text = "\n".join([cls.docstring.value, "", "Attributes:", *lines])
            cls.docstring = griffe.Docstring(text, parent=cls)


def describe_field(field: ast.stmt) -> str:
    """Return the line of a field: its name, its meaning and its default; "" of all else."""
    if not isinstance(field, ast.AnnAssign) or not isinstance(field.value, ast.Call):
        return ""
    maker = ast.unparse(field.value.func)
    if maker not in MAKERS:
        return ""
    meaning = ast.literal_eval(field.value.args[MAKERS[maker]])
    default = f"; default `{ast.unparse(field.value.args[0])}`" if maker == "setting" else ""
    return f"    {ast.unparse(field.target)}: {meaning}{default}."
