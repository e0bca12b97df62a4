"""Tables of a page as HTML: heads in words, cells escaped, one column for a number's interval."""

from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.answers.answer import LEVELS
from nvp.analysis.answers.best_settings import BestSettings

HIDDEN = ("contrast_number", *LEVELS)
NUMBERS = ("mean", "low", "high", "p", "p_holm", "p_equal", "p_equal_holm")
HEADS = {"value": "quantity", "contrast": "compared", "n": "pairs", "key": "setting"}
NOTHING = "\N{EN DASH}"


def format_table(frame: pd.DataFrame) -> str:
    """Return a table as HTML, its cells escaped; "" when it has no row."""
    if frame.empty:
        return ""
    return frame.to_html(index=False, border=0, na_rep=NOTHING, float_format="{:.4g}".format)


def format_named(frame: pd.DataFrame) -> str:
    """Return a table whose columns and cells are names of ours as HTML, in words."""
    return format_table(style.name_columns(frame))


def format_differences(frame: pd.DataFrame) -> str:
    """Return a table of paired differences as HTML, each with its interval in one column.

    Of other tables `mean` and `n` mean something else: a cell's mean, and the seeds behind it.
    """
    if frame.empty:
        return ""
    rows = frame.to_dict("records")
    of = [name for name in frame if name not in (*HIDDEN, *NUMBERS, "margin", "verdict")]
    names = {name: HEADS.get(name, style.head_name(name)) for name in of}
    table = style.name_columns(frame[of]).set_axis([names[name] for name in of], axis=1)
    table["difference [95 % interval]"] = [
        join_interval(row["mean"], row["low"], row["high"], "+.4f") for row in rows
    ]
    table["p (by Holm)"] = [join_p(row["p"], row["p_holm"]) for row in rows]
    if frame.get("margin", pd.Series(dtype=float)).notna().any():
        told = [join_p(row["p_equal"], row["p_equal_holm"]) for row in rows]
        table["margin"] = [f"±{row['margin']:g}" if row["margin"] > 0 else "" for row in rows]
        table["p of equality (by Holm)"] = told
    return format_table(table.assign(verdict=frame["verdict"].to_numpy()))


def format_best(best: BestSettings) -> str:
    """Return the best settings as HTML: keys in words, each response with its interval."""
    rows = best.table.to_dict("records")
    told: dict[str, list[Any]] = {"place": list(range(1, len(rows) + 1))}
    for key in best.keys:
        told[style.head_name(key)] = [style.value_text(row[key], key) for row in rows]
    told["seeds"] = [f"{row['n']:g}" for row in rows]
    for name in best.responses:
        told[style.plain_label(name)] = [
            join_interval(row[name], row[f"{name}_low"], row[f"{name}_high"], ".3f") for row in rows
        ]
    told["behind the first, by seed"] = [judge_behind(row) for row in rows]
    return format_table(pd.DataFrame(told))


def judge_behind(row: dict[str, Any]) -> str:
    """Return by how much a setting is behind the first one, and whether seeds can tell."""
    if pd.isna(row["behind"]):
        return NOTHING
    told = join_interval(row["behind"], row["behind_low"], row["behind_high"])
    return f"{told}: {'behind' if row['apart'] else 'undecided'}"


def join_interval(mean: Any, low: Any, high: Any, form: str = ".4f") -> str:
    """Return a mean and its interval as one text; a dash where there is none."""
    if pd.isna(mean):
        return NOTHING
    if pd.isna(low):
        return f"{mean:{form}}"
    return f"{mean:{form}} [{low:{form}} to {high:{form}}]"


def join_p(p: Any, corrected: Any) -> str:
    """Return p, and in brackets p as corrected where that differs; "" where there is none."""
    if pd.isna(p):
        return ""
    return f"{p:.2g}" if pd.isna(corrected) or p == corrected else f"{p:.2g} ({corrected:.2g})"
