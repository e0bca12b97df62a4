"""What a page shows of a search: its answer, its space, and the best beside the others."""

from typing import Any

import pandas as pd

from nvp.analysis import style
from nvp.analysis.answers.search_answer import Best, SearchAnswer
from nvp.analysis.answers.search_wording import describe_best, describe_front, list_runs
from nvp.analysis.frames.search_plan import SearchPlan
from nvp.analysis.searches.captions import (
    bounds_caption,
    count_configurations,
    describe_configuration,
    describe_objectives,
)
from nvp.analysis.searches.searched import Searched
from nvp.config.space import Axis, Range

MOST_OTHERS = 20  # configurations that the best one is shown beside
HEADS = {"mean": "better by", "low": "95 % from", "high": "to", "p_holm": "p (Holm)"}
Facts = list[tuple[str, str]]


def gather_search(answered: SearchAnswer) -> dict[str, Any]:
    """Return what a page shows of a search, by the names of its template."""
    searched, found = answered.searched, answered.best
    if searched is None:
        return {"answer": [answered.missing], "runs": [], "beside": None}
    front = [describe_front(searched)] if len(searched.plan.signs) > 1 else []
    return {
        "answer": [*front, *(describe_best(searched, best) for best in found)],
        "limits": [line for line in (bounds_caption(searched), describe_unknown(searched)) if line],
        "facts": list_search_facts(searched),
        "runs": [(name_run(best, what), line) for best in found for what, line in list_runs(best)],
        "beside": pd.concat([tabulate_others(searched, best) for best in found]),
    }


def name_run(best: Best, what: str) -> str:
    """Return what a command does, and with which configuration."""
    return f"No. {best.number}, best by {style.plain_label(best.objective)}: {what}"


def describe_unknown(searched: Searched) -> str:
    """Return what the study.json of an older version does not say; "" when it says all."""
    plan = searched.plan
    missing = ["the objectives"] * plan.assumed + ["the sampler"] * (not plan.sampler)
    missing += ["how many configurations were asked for"] * (plan.num_trials is None)
    if not missing:
        return ""
    assumed = f" Assumed: {describe_objectives(searched)}." if plan.assumed else ""
    return f"study.json does not say {', nor '.join(missing)}.{assumed}"


def list_search_facts(searched: Searched) -> Facts:
    """Return what was searched: (name, value) pairs."""
    plan = searched.plan
    keys = [(style.plain_label(key), describe_axis(plan, key)) for key in searched.keys]
    return [
        ("objectives", describe_objectives(searched)),
        ("configurations", count_configurations(searched)),
        *keys,
    ]


def describe_axis(plan: SearchPlan, key: str) -> str:
    """Return what a search could ask of a key: its range or its values, and when it applies."""
    axis: Axis | None = plan.axes.get(key)
    if axis is None:
        return "of several plans"
    if isinstance(axis, Range):
        text = f"{axis.low:g} to {axis.high:g}"
        text += ", logarithmic" * axis.log + ", whole numbers" * axis.whole
    else:
        text = ", ".join(style.value_text(value, key) for value in axis.values)
    conditions = [
        f"{style.plain_label(other)} is {' or '.join(style.value_text(v, other) for v in values)}"
        for other, values in axis.when.items()
    ]
    return f"{text}; where {' and '.join(conditions)}" if conditions else text


def tabulate_others(searched: Searched, best: Best) -> pd.DataFrame:
    """Return how much better the best configuration is than those after it, as a page shows it."""
    table = best.others.head(MOST_OTHERS)
    said = [describe_configuration(searched, int(number)) for number in table["configuration"]]
    table = table.assign(apart=[judge_row(row) for row in table.to_dict("records")])
    table.insert(1, "keys", said)
    table.insert(0, "best", f"no. {best.number} by {style.plain_label(best.objective)}")
    names = HEADS | {"configuration": "other", "n": "pairs", "apart": "verdict"}
    return table.rename(columns=names)


def judge_row(row: dict[str, Any]) -> str:
    """Return what the lead over one configuration shows."""
    if row["n"] < 2 or row["low"] == row["high"]:
        return "no interval" if row["n"] < 2 else "the same by every seed"
    return "apart" if row["apart"] else "undecided"
