"""The sparsity that each method reaches at equal accuracy: a row per method."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from nvp.analysis import style
from nvp.analysis.plots.panels.looks import Looks
from nvp.analysis.plots.panels.sparsity_axis import spread_sparsity
from nvp.question.question import METHOD


def draw_equal(axes: Axes, equal: pd.DataFrame, looks: Looks) -> None:
    """Draw the sparsity at equal accuracy, a row per method; an arrow where it is a lower bound."""
    shown = [method for method in looks if method in set(equal[METHOD])]
    for i, method in enumerate(shown):
        row = equal[equal[METHOD] == method].iloc[0]
        color, marker = looks[method]["color"], looks[method]["marker"]
        axes.plot(row["mean"], i, ls="", marker=marker, color=color, ms=4)
        if not pd.isna(row["low"]):
            axes.plot(np.clip([row["low"], row["high"]], 0, 1), [i, i], color=color, lw=1)
        if row["beyond"]:
            axes.annotate(
                ">", (1.005, i), xycoords=("axes fraction", "data"), va="center", fontsize=7
            )
    axes.set_yticks(range(len(shown)), [style.value_text(method) for method in shown])
    axes.set_ylim(len(shown) - 0.5, -0.5)
    axes.set_xlim(0, 1)
    spread_sparsity(axes, equal["mean"])
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(style.axis_label(f"{equal['saving'].iloc[0]} kept"))
