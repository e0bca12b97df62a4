"""What figures look like and what things are called in them: `from nvp.analysis import style`.

colors    colours, markers and dashes of levels
heads     heads of tables, and the names in their cells
terms     what the words of a figure or a table mean
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
    METHODS,
    NEUTRAL,
    PALETTE,
    SIGNIFICANT,
    STATES,
    assign_colors,
    assign_looks,
    assign_markers,
    assign_ramp,
    color_layers,
)
from nvp.analysis.style.heads import head_name, name_columns, spell_key
from nvp.analysis.style.labels import (
    axis_label,
    join_words,
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
from nvp.analysis.style.terms import PRIMARY, UNASKED, explain_terms

__all__ = [
    "MARKERS",
    "METHODS",
    "NEUTRAL",
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
    "color_layers",
    "axis_label",
    "join_words",
    "plain_label",
    "short_label",
    "upright_label",
    "level_text",
    "value_text",
    "level_name",
    "layer_name",
    "head_name",
    "name_columns",
    "spell_key",
    "PRIMARY",
    "UNASKED",
    "explain_terms",
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
