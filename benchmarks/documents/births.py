"""Whether neurons of deeper networks are dead from the start, or die in training."""

import pandas as pd

from nvp.analysis.frames.derive import share_dead_at_end
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.statistics.intervals import paired_difference

DEPTH, RATE = "model.depth", "optim.lr"


def tell_births(frames: StudyFrames) -> list[str]:
    """Return a sentence for each learning rate, of the networks without normalisation."""
    trials = frames.trials.query("status == 'done' and `model.norm` == 'none'")
    dead = trials["trial_id"].map(share_dead_at_end(frames.layers, "dead"))
    rows = trials.assign(born=trials["born_dead"] / trials["neurons"])
    rows = rows.assign(added=dead - rows["born"])
    depths = sorted(rows[DEPTH].unique())
    return [
        tell_rate(rows[rows[RATE] == rate], rate, (depths[0], depths[-1]))
        for rate in sorted(rows[RATE].unique())
    ]


def tell_rate(rows: pd.DataFrame, rate: float, depths: tuple[int, int]) -> str:
    """Return what is dead at birth at the ends of the depths, and what training adds there."""
    shallow, deep = depths
    birth, added = (
        paired_difference(
            rows, value, key=DEPTH, levels=depths, by="status", groups=["done"]
        ).to_dict("records")[0]
        for value in ("born", "added")
    )
    points = "{:+.1f} points [{:.1f} to {:.1f}]"
    more, later = (
        points.format(*(100 * row[name] for name in ("mean", "low", "high")))
        for row in (birth, added)
    )
    share = "{:.1f} %".format
    return (
        f"At a learning rate of {rate:g}, with a depth of {deep} instead of {shallow}, "
        f"{share(100 * birth['other_mean'])} of the neurons never fire before training, instead of "
        f"{share(100 * birth['reference_mean'])}: {more}. Training changes the share by "
        f"{100 * added['other_mean']:+.1f} points, instead of {100 * added['reference_mean']:+.1f}:"
        f" a difference of {later}."
    )
