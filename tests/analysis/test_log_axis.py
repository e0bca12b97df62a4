"""Numbers below a logarithmic axis: round, within its limits, and none over another one."""

from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from nvp.analysis.plots.panels.log_axis import choose_ticks, space_decades


def test_as_many_round_numbers_as_fit() -> None:
    assert choose_ticks(0.04, 0.6, 18) == [0.05, 0.1, 0.2, 0.5]
    assert choose_ticks(0.0004, 0.007, 18) == [0.001, 0.003]
    assert choose_ticks(0.00004, 0.0025, 18) == [0.0001, 0.001]
    assert choose_ticks(1e-7, 2, 18) == [1e-7, 0.001]
    assert choose_ticks(2.1, 2.9, 18) == [2.5]


@pytest.mark.parametrize("low", [0.00003, 0.0004, 0.03, 2.0])
@pytest.mark.parametrize("times", [8, 40, 3000])
def test_numbers_do_not_overlap_in_a_narrow_panel(low: float, times: float) -> None:
    figure = Figure(figsize=(7, 1.5), dpi=100, layout="constrained")
    axes = figure.subplots(1, 5)[1]
    axes.plot([low, low * times], [0, 1])
    space_decades(axes, room=18)
    axes.tick_params(labelsize=7)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.get_xticklabels()]
    assert boxes
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
