"""Axes: cells of a grid, conditions, and what is refused."""

import pytest

from nvp.config.space import (
    axis_applies,
    fix_axes,
    grid,
    integers,
    list_cells,
    log_uniform,
    uniform,
)

METHODS = grid("none", "dead", "nvp")
SHARE = {"prune.method": ("nvp",)}


def test_a_conditional_axis_is_crossed_only_where_it_applies() -> None:
    space = {"prune.method": METHODS, "prune.sparsity": grid(0.5, 0.8, when=SHARE)}
    assert list(list_cells(space)) == [
        {"prune.method": "none"},
        {"prune.method": "dead"},
        {"prune.method": "nvp", "prune.sparsity": 0.5},
        {"prune.method": "nvp", "prune.sparsity": 0.8},
    ]
    assert list(list_cells({})) == [{}]


def test_a_condition_on_what_does_not_apply_is_not_met() -> None:
    again = grid(1, 2, when={"prune.sparsity": (0.5,)})
    assert not axis_applies(again, {"prune.method": "none"})
    space = {"prune.method": METHODS, "prune.sparsity": grid(0.5, 0.8, when=SHARE), "x": again}
    assert len(list(list_cells(space))) == 2 + 2 + 1


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ({"prune.metod": ("nvp",)}, r"an axis before it, got 'prune\.metod'.*'prune\.method'"),
        ({"optim.lr": (0.1,)}, r"an axis before it, got 'optim\.lr'"),
        ({"prune.method": ("nvpp",)}, r"values of prune\.method, .*got 'nvpp'.*'nvp'\?"),
    ],
)
def test_a_condition_that_cannot_be_met_is_refused(when: dict, wanted: str) -> None:
    space = {
        "prune.method": METHODS,
        "prune.sparsity": grid(0.5, when=when),
        "optim.lr": grid(0.1),
    }
    with pytest.raises(ValueError, match=wanted):
        list(list_cells(space))


def test_a_range_has_no_cells() -> None:
    with pytest.raises(ValueError, match=r"expected grid.*range of 0.1 to 0.9; --search optuna"):
        list(list_cells({"prune.sparsity": uniform(0.1, 0.9)}))


@pytest.mark.parametrize("ends", [(1, 1), (2, 1)])
def test_an_empty_range_is_refused(ends: tuple) -> None:
    for axis in (uniform, log_uniform, integers):
        with pytest.raises(ValueError, match="expected low < high"):
            axis(*ends)
    with pytest.raises(ValueError, match="expected low > 0, got 0"):
        log_uniform(0, 1)


def test_a_value_that_is_set_decides_what_goes_with_it() -> None:
    space = {"prune.method": METHODS, "prune.sparsity": uniform(0.1, 0.9, when=SHARE)}
    assert fix_axes(space, {"prune.method": "none"}) == {}
    assert fix_axes(space, {"prune.method": "nvp"}) == {"prune.sparsity": uniform(0.1, 0.9)}
    assert fix_axes(space, {}) == space
