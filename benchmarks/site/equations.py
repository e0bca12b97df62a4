"""LaTeX becomes MathML: a browser draws it by itself, so no script has to be loaded."""

import re

BLOCK = re.compile(r"^```math\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"(?<![\w$`\\])\$(?!\s)((?:(?!\n\n)[^$`])+?)(?<!\s)\$(?!\w)")
CODE = re.compile(r"^( *)```.*?^\1```$|(`+)(?!`).*?\2", flags=re.DOTALL | re.MULTILINE)


def draw_equations(text: str) -> str:
    """Return a page with its equations as MathML; code stays as it is."""
    text = BLOCK.sub(
        lambda block: f'<div class="equation">{to_mathml(block[1], "block")}</div>', text
    )
    parts: list[str] = []
    at = 0
    for code in CODE.finditer(text):
        parts += [draw_inline(text[at : code.start()]), code[0]]
        at = code.end()
    return "".join([*parts, draw_inline(text[at:])])


def draw_inline(text: str) -> str:
    """Return a text with each $...$ as MathML."""
    return INLINE.sub(lambda found: to_mathml(found[1], "inline"), text)


def to_mathml(latex: str, display: str) -> str:
    """Return an equation as MathML on one line."""
    # an extra, and pages can be gathered without their equations
    from latex2mathml.converter import convert  # pyright: ignore[reportMissingImports]

    return convert(" ".join(latex.split()), display=display).replace("\n", "")
