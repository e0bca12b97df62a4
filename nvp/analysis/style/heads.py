"""What columns and the names in their cells are called in a table that people read."""

from typing import Any

import pandas as pd

from nvp.analysis.style.labels import NAMES, axis_label, layer_name, plain_label, value_text
from nvp.analysis.style.words import CRITERION_NAMES, DEATH_NAMES, EVENT_NAMES, STATE_NAMES

HEADS = {
    "trial_id": "trial",
    "n": "n (seeds)",
    "mean": "mean over seeds",
    "low": "95 % from",
    "high": "to",
    "count": "how many",
    "kept": "neurons kept (number)",
    "dense": "neurons of the dense layer (number)",
    "masked": "masked (number)",
    "pruned": "masked here (number)",
    "depth": "place in the network",
    "definition": "what counts as dead",
    "death": "what counts as dead",
    "fraction": "fraction",
    "response": "what is measured",
    "measure": "what is measured",
    "value": "what is measured",
    "cost": "what is saved",
    "saving": "what is saved",
    "agreement": "agreement",
    "reference": "test accuracy of its unpruned partner (fraction)",
    "p_term": "p of the whole term",
    "p": "p",
    "p_holm": "p by Holm",
    "at": "at",
    "of": "of",
    "beyond": "at least",
    "front": "on the Pareto front",
    "dead": "strictly dead (number)",
    "at_risk": "neurons still alive (number)",
    "term": "effect of",
    "key": "setting",
    "other": "with setting",
    "level": "value",
    "other_level": "with value",
    "estimate": "estimated effect",
    "kind": "kind",
    "status": "how it ended",
    "prune.method": "pruning method",
    "seed": "seed",
}
LISTED = ("definition", "death", "response", "measure", "value", "cost", "saving", "agreement")
LEVELS = {"level": "key", "other_level": "other"}  # {column of levels: of which key}
KEYED = ("key", "other", "objective")  # columns of names of settings
WORDS = CRITERION_NAMES | EVENT_NAMES | STATE_NAMES | DEATH_NAMES


def head_name(column: str) -> str:
    """Return what a column is called above a table; a name that nothing is known of, in words."""
    if column in HEADS:
        return HEADS[column]
    label = axis_label(column)
    return " ".join((spell_key(column) if label == column else label).split())


def spell_key(key: str) -> str:
    """Return a key without a label in words: "prune.weight_norm" -> "prune: weight norm"."""
    return key.replace(".", ": ").replace("_", " ")


def cell_text(column: str, value: Any) -> Any:
    """Return a cell as a reader is to see it: names in words, flags as yes and no."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return value_text(value)
    if not isinstance(value, str):
        return value
    if column in NAMES:
        return value_text(value, column)
    if column == "layer":
        return layer_name(value)
    if column == "term":
        return " × ".join(cell_text("key", key) for key in value.split(":"))
    if column in LISTED or column in KEYED:
        label = WORDS.get(value) or plain_label(value)
        return spell_key(label) if label == value else label
    return WORDS.get(value, value)


def name_columns(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a table with its heads and the names in its cells as a reader is to see them."""
    if frame.empty:
        return frame
    for levels, keys in LEVELS.items():
        if {levels, keys} <= set(frame):
            pairs = zip(frame[levels], frame[keys], strict=True)
            frame = frame.assign(
                **{levels: [value_text(one, key) if key else one for one, key in pairs]}
            )
    told = {
        column: frame[column].astype(object).map(lambda value, of=str(column): cell_text(of, value))
        for column in frame
        if not pd.api.types.is_float_dtype(frame[column])
    }
    return frame.assign(**told).rename(columns={str(c): head_name(str(c)) for c in frame})
