"""What figures look like and what things are called in them: `from nvp.analysis import style`.

colors    colours, markers and dashes of levels
labels    labels with units, and short names
paper     sizes, fonts, legend and note of a figure; saving it as PNG, SVG and CSV
words     the words themselves: names of keys, columns and levels
captions  what a figure says of itself: how many seeds, which trials it leaves out
"""

from nvp.analysis.style.colors import (
    DASHES,
    EVENTS,
    HEAT,
    MARKERS,
    PALETTE,
    SIGNIFICANT,
    STATES,
    assign_colors,
    assign_looks,
    assign_markers,
    assign_ramp,
)
from nvp.analysis.style.labels import (
    axis_label,
    layer_name,
    level_name,
    level_text,
    plain_label,
    short_label,
    upright_label,
    value_text,
)
from nvp.analysis.style.paper import (
    COLUMN,
    DPI,
    PAGE,
    describe_figure,
    new_figure,
    paper_style,
    save_figure,
    write_legend,
    write_note,
    write_title,
)

__all__ = [
    "MARKERS",
    "PALETTE",
    "STATES",
    "EVENTS",
    "HEAT",
    "DASHES",
    "SIGNIFICANT",
    "assign_colors",
    "assign_ramp",
    "assign_looks",
    "assign_markers",
    "axis_label",
    "plain_label",
    "short_label",
    "upright_label",
    "level_text",
    "value_text",
    "level_name",
    "layer_name",
    "COLUMN",
    "PAGE",
    "DPI",
    "paper_style",
    "new_figure",
    "write_legend",
    "write_note",
    "write_title",
    "describe_figure",
    "save_figure",
]
