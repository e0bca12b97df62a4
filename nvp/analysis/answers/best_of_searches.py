"""Two searches side by side: the best configuration of each, as their values are sampled. Pure.

A value that a search sampled is no level: two searches share one by chance alone. What a user asks
of two searches is which of them found the better configuration.
"""

from dataclasses import replace

from nvp.analysis import style
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.frames.search_plan import is_search
from nvp.analysis.searches.captions import BETTER, describe_configuration
from nvp.analysis.searches.ranking import sort_configurations
from nvp.analysis.searches.searched import read_searched
from nvp.analysis.selection.drawing import NothingToDraw

SIDES = ("A", "B")


def keep_best(
    first: StudyFrames, second: StudyFrames
) -> tuple[tuple[StudyFrames, StudyFrames], list[str]]:
    """Return two studies as they are compared, and what a reader is told of it.

    Of two searches only the trials of their best configurations are left, which differ in the seed
    alone. Two other studies stay as they are.

    Raises:
        ValueError: one of them is a search and the other is none, or no configuration is ranked.
    """
    kinds = [is_search(frames.study) for frames in (first, second)]
    if not any(kinds):
        return (first, second), []
    if not all(kinds):
        search, other = SIDES if kinds[0] else SIDES[::-1]
        raise ValueError(
            f"compare: expected two searches or two other studies, got a search as {search} and "
            f"none as {other}: the values of a search are sampled, so that none of them is a "
            "level of the other; nvp analyse STUDY shows each of them"
        )
    kept = [keep_best_of(name, frames) for name, frames in zip(SIDES, (first, second), strict=True)]
    told = [text for _, text in kept]
    return (kept[0][0], kept[1][0]), [
        *told,
        "Each was chosen by its own validation data and seeds, so validation flatters it; test "
        "data chose neither.",
    ]


def keep_best_of(name: str, frames: StudyFrames) -> tuple[StudyFrames, str]:
    """Return a search with the trials of its best configuration alone, and a line that names it."""
    try:
        searched = read_searched(frames)
    except NothingToDraw as nothing:
        raise ValueError(f"compare: {name}: {nothing}") from nothing
    objective, sign = next(iter(searched.plan.signs.items()))
    number = sort_configurations(searched.means, {objective: sign})[0]
    own = searched.trials.loc[searched.trials["configuration"] == number, "trial_id"]
    trials = frames.trials[frames.trials["trial_id"].isin(own)].reset_index(drop=True)
    text = (
        f"{name}: the best of {len(searched.ranked)} configurations by "
        f"{style.plain_label(objective)} ({BETTER[sign]}): "
        f"{describe_configuration(searched, number)}"
    )
    return replace(frames, trials=trials, swept=["seed"]), text
