"""The parts of a hand-written page that are made by a program."""

import re


def fill(text: str, name: str, content: str, *, by: str) -> str:
    """Return `text` with `content` between its lines `<!-- made: NAME` and `<!-- end: NAME -->`.

    Args:
        text: the page.
        name: of the part.
        content: what the part holds from now on.
        by: the command that makes it, which the page names.

    Raises:
        ValueError: the text does not have that part exactly once.
    """
    part = re.compile(rf"<!-- made: {name} .*?<!-- end: {name} -->", re.DOTALL)
    made = f"<!-- made: {name} by {by}; do not edit -->\n{content}\n<!-- end: {name} -->"
    text, count = part.subn(lambda _: made, text)
    if count != 1:
        raise ValueError(f"expected one part {name!r}, got {count}, in {text[:60]!r}")
    return text
