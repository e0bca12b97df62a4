"""A comparison as one sentence that needs no glossary: what is compared, both levels, how sure.

"Without pruning, with a learning rate of 0.01 instead of 0.0005, 56.0 % of the neurons never fire
at the end, instead of 2.1 %: 53.9 points more [50.2 to 57.6]."
"""

from collections.abc import Mapping, Sequence
from typing import Any

from nvp.analysis import style
from nvp.analysis.answers.verdict import EQUAL, UNDECIDED
from nvp.question.question import METHOD

DEAD = {
    "dead": "of the neurons never fire at the end",
    "negative_side": "of the neurons are never positive at the end",
    "saturated": "of the neurons are saturated at the end",
    "rare": "of the neurons hardly ever fire at the end",
    "dormant_0025": "of the neurons are all but silent at the end",
}
MEASURED = DEAD | {
    "test_accuracy": "of the test images are classified correctly",
    "sparsity": "of the prunable neurons are removed",
    "weight_sparsity": "of the weights are removed",
    "mean_online_accuracy": "of the images are classified correctly before they are trained on",
    "mean_task_accuracy": "of the test images are classified correctly at the ends of tasks",
}
NAMES = {
    (METHOD, "none"): "no pruning",
    (METHOD, "dead"): "removal of the dead",
    ("remedy.name", "redo"): "resets of dormant neurons (ReDo)",
    ("remedy.name", "head"): "a new output layer for each task",
    ("remedy.name", "fresh"): "a new network for each task",
    ("remedy.choice", "rule"): "neurons chosen by the rule",
    ("remedy.choice", "random"): "neurons chosen at random",
    ("prune.regrow", "none"): "nobody returning",
}
UNSAID = {("remedy.choice", "rule")}  # what goes without saying, of all that is compared
AMOUNTS = ("optim.noise", "optim.weight_decay", "optim.l1", "optim.l1_scale")  # of 0: without it
KINDS = {  # what a level that is a name is a name of
    METHOD: "{} pruning",
    "model.activation": "{} as activation",
    "prune.regrow": "return by {}",
}


def tell_plainly(row: Mapping[str, Any], averaged: Sequence[str] = ()) -> str:
    """Return a row of `answer` as one sentence.

    Args:
        row: as a mapping; `where` is {key: level} of the trials that are compared.
        averaged: the keys over whose levels both sides are means.
    """
    levels = f"with {tell_level(row['key'], row['other'])} instead of {tell_reference(row)}"
    head = begin_sentence(*list_conditions(row, averaged), levels)
    if not row["n"]:
        return f"{head}: no pair of trials has finished."
    if row["value"] in DEAD and row["reference_mean"] == row["other_mean"] == 0:
        return f"{head}, no neuron died, so this was not tested."
    digits = 2 if 0 < abs(row["mean"]) < 0.001 else 1
    other, reference = (show_share(row[f"{of}_mean"], digits) for of in ("other", "reference"))
    what = MEASURED.get(row["value"])
    if not what:
        name, change = style.plain_label(row["value"]), [row["mean"], row["low"], row["high"]]
        return "{}, {}: {:+.3g} [{:+.3g} to {:+.3g}].".format(head, name, *change)
    if row["low"] == row["high"] == row["mean"] == 0:
        return f"{head}, {other} % {what}, exactly as with {tell_reference(row)}, seed by seed."
    told = f"{head}, {other} % {what}, instead of {reference} %: {show_points(row)}"
    return f"{told}{show_doubt(row)}."


def list_conditions(row: Mapping[str, Any], averaged: Sequence[str]) -> list[str]:
    """Return what both sides of a row have in common, in words."""
    over = [f"on average over {style.join_words(map(name_key, averaged))}"] if averaged else []
    said = [(key, level) for key, level in row["where"].items() if (key, level) not in UNSAID]
    return [*over, *(tell_level(key, level, "at") for key, level in said)]


def begin_sentence(*parts: str) -> str:
    """Return parts as the beginning of a sentence."""
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]


def name_key(key: str) -> str:
    """Return the name of a key in words, without its letter."""
    return style.plain_label(key).rstrip("σγλτ ")


def tell_level(key: str, level: Any, before: str = "") -> str:
    """Return a level in words: "a learning rate of 0.01", "batch normalisation"."""
    name = name_key(key)
    if isinstance(level, str):
        told = NAMES.get((key, level)) or KINDS.get(key, "{}").format(style.value_text(level, key))
        if before:
            return f"without{told.removeprefix('no')}" if told.startswith("no ") else f"with {told}"
        return told
    if before and level == 0 and key in AMOUNTS:
        return f"without {name}"
    article = "an" if name[:1] in "aeiouL" else "a"
    told = f"{article} {name} of {style.value_text(level, key)}"
    return f"{before} {told}" if before else told


def tell_reference(row: Mapping[str, Any]) -> str:
    """Return the level that is compared with; a number or an activation stands by itself."""
    level = row["reference"]
    if isinstance(level, str) and row["key"] != "model.activation":
        return tell_level(row["key"], level)
    return style.value_text(level, row["key"])


def show_share(value: float, digits: int) -> str:
    """Return a fraction in percent; a small difference takes two digits to be seen."""
    return f"{100 * value:.{digits}f}"


def show_points(row: Mapping[str, Any]) -> str:
    """Return a difference of fractions in points of a percent, with its interval."""
    side = "less" if row["mean"] < 0 else "more"
    digits = 1 if abs(row["mean"]) >= 0.01 else 2
    return f"{abs(100 * row['mean']):.{digits}f} points {side} {show_bounds(row, digits)}".rstrip()


def show_bounds(row: Mapping[str, Any], digits: int) -> str:
    """Return the 95 % interval of such a difference, signed as in the sentence; "" of one pair."""
    if row["n"] < 2:
        return ""
    bounds = (100 * row["low"], 100 * row["high"])
    low, high = bounds if row["mean"] >= 0 else (-bounds[1], -bounds[0])
    return f"[{low:.{digits}f} to {high:.{digits}f}]"


def show_doubt(row: Mapping[str, Any]) -> str:
    """Return what the verdict says against a reading of the difference; "" when it stands."""
    verdict, seeds = row["verdict"], f"{row['n']:g} seeds"
    if row["n"] < 2:
        return ", of one seed, which says nothing"
    if EQUAL in verdict or "within" in verdict:
        return f", so little that it counts as none (margin ±{100 * row['margin']:g} points)"
    if verdict.startswith(UNDECIDED):
        return f", which {seeds} cannot tell from none"
    return ""
