"""The answer of a search in words."""

from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.answers.search_answer import FRESH_SEEDS, Best, SearchAnswer
from nvp.analysis.searches.captions import (
    BETTER,
    bounds_caption,
    describe_configuration,
    ranked_caption,
)
from nvp.analysis.searches.comparison import ALPHA
from nvp.analysis.searches.searched import TEST, Searched
from nvp.analysis.style.captions import join_captions

LARGE = 10_000  # from here on numbers are written without a fraction


def write_search_answer(found: SearchAnswer) -> list[str]:
    """Return the answer of a search as lines: what is best, how sure that is, and what to run."""
    searched = found.searched
    if searched is None:
        return [found.missing]
    lines = [join_captions(ranked_caption(searched))]
    lines += [describe_front(searched)] if len(searched.plan.signs) > 1 else []
    for best in found.best:
        lines += [describe_best(searched, best), *map("  {0[0]}: {0[1]}".format, list_runs(best))]
    return [*lines, *filter(None, [bounds_caption(searched)])]


def list_runs(best: Best) -> list[tuple[str, str]]:
    """Return what can be run next, and the command that does it."""
    return [
        ("train it again and keep its network", best.again),
        (f"judge it by {FRESH_SEEDS} seeds that did not choose it", best.anew),
    ]


def describe_front(searched: Searched) -> str:
    """Return how many configurations are on the front."""
    count = len(searched.front)
    verb = "is" if count == 1 else "are"
    return (
        f"{count} of {len(searched.ranked)} configurations {verb} on the front: no other one is "
        "better in one objective and as good in the others."
    )


def describe_best(searched: Searched, best: Best) -> str:
    """Return which configuration is best, how good it is, how sure, and how far from the second."""
    name = f"{style.plain_label(best.objective)} ({BETTER[best.sign]})"
    values = format_interval(best.measured[best.objective])
    return join_captions(
        f"best by {name}: no. {best.number}, {describe_configuration(searched, best.number)}: "
        f"{values}{describe_test(best)}.",
        describe_optimism(searched, best),
        describe_second(searched, best),
    )


def describe_test(best: Best) -> str:
    """Return the test accuracy of a configuration, which did not choose it."""
    if TEST not in best.measured or best.objective == TEST:
        return ""
    return f"; test accuracy, which no search sees: {format_interval(best.measured[TEST])}"


def describe_optimism(searched: Searched, best: Best) -> str:
    """Return how far its own seeds flatter the best configuration."""
    if len(searched.ranked) == 1:
        return ""
    said = f"As the best of {len(searched.ranked)} by these seeds it looks better than it is."
    if not pd.isna(best.left_out):
        value = format_number(best.left_out)
        said += f" Chosen by all seeds but one and judged by that one: {value}."
    if best.fresh is not None:
        said += f" By seeds that did not choose it: {format_interval(best.fresh)}."
    return said


def describe_second(searched: Searched, best: Best) -> str:
    """Return whether the best configuration is apart from the second one, and from the others."""
    if best.others.empty:
        return ""
    row = best.others.iloc[0].to_dict()
    number = int(row["configuration"])
    said = f"Second: no. {number}, {describe_configuration(searched, number)}. "
    said += f"The best is better than it by {format_lead(row)}: {judge_lead(row)}."
    told = int(best.others["apart"].sum())
    if len(best.others) > 1 and best.others["p"].notna().any():
        said += (
            f" It is apart from {told} of the {len(best.others)} others "
            f"(p ≤ {ALPHA:g} by Holm over them)."
        )
    return said


def judge_lead(row: dict[str, Any]) -> str:
    """Return whether a lead over the second one is more than seeds explain."""
    if row["n"] < 2:
        return "one seed, so undecided" if row["n"] else "no seed in common, so undecided"
    if row["low"] == row["high"]:
        return "the same by every seed, so no test" if row["mean"] else "equal by every seed"
    if row["low"] > 0:
        return "apart, though both were picked for being first, which makes p too small"
    return "undecided"


def format_lead(row: dict[str, Any]) -> str:
    """Return the numbers of a lead, paired by seed."""
    text = format_number(row["mean"])
    if row["n"] > 1:
        text += f" [{format_number(row['low'])}, {format_number(row['high'])}]"
    p = "" if pd.isna(row["p"]) else f", p = {row['p']:.2g}"
    return f"{text} ({row['n']:g} pair{'s' if row['n'] != 1 else ''} of a seed{p})"


def format_interval(row: dict[str, float]) -> str:
    """Return a mean over seeds and its interval."""
    text = format_number(row["mean"])
    if not pd.isna(row["low"]):
        text += f" [{format_number(row['low'])}, {format_number(row['high'])}]"
    return f"{text} (n = {row['n']:g})"


def format_number(value: float) -> str:
    """Return a number to four digits, a large one without its fraction."""
    return f"{value:,.0f}" if abs(value) >= LARGE else f"{value:.4g}"
