"""The anchors of a page, as GitHub and the site make them of its headings."""

import re

HEADING = re.compile(r"^#{1,6} +(.+?) *$", flags=re.MULTILINE)
BLOCK = re.compile(r"^```.*?^```$", flags=re.DOTALL | re.MULTILINE)


def list_anchors(text: str) -> list[str]:
    """Return the anchors of a page in order; of equal headings the first alone."""
    return [name_anchor(heading) for heading in HEADING.findall(BLOCK.sub("", text))]


def name_anchor(heading: str) -> str:
    """Return the anchor of a heading: lower case, without marks, words joined by hyphens."""
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    return re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", words).strip().lower())
