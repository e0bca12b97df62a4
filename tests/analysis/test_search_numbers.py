"""The numbers of a search, of made ones that can be checked by hand."""

import numpy as np
import pandas as pd
import pytest

from nvp.analysis.frames.search_plan import read_axis, read_search_plan
from nvp.analysis.searches.bounds import find_bound
from nvp.analysis.searches.comparison import (
    compare_with_best,
    judge_on_other_seeds,
    tabulate_seeds,
)
from nvp.analysis.searches.ranking import (
    find_best_so_far,
    find_front,
    sort_configurations,
    trace_front,
)
from nvp.analysis.searches.searched import read_searched
from nvp.analysis.selection.drawing import NothingToDraw
from nvp.config.space import Axis, grid, integers, log_uniform, uniform
from tests.analysis.made_searches import make_search

MORE, LESS = 1, -1
POINTS = pd.DataFrame(
    {"accuracy": [0.9, 0.8, 0.8, 0.7, 0.9, np.nan], "flops": [5.0, 3.0, 4.0, 3.0, 5.0, 1.0]},
    index=pd.Index([1, 2, 3, 4, 5, 6], name="configuration"),
)
CELL = {"optim.lr": 0.1, "prune.method": "none"}


@pytest.mark.parametrize(
    ("signs", "front"),
    [
        ({"accuracy": MORE, "flops": LESS}, [1, 2, 5]),  # 1 and 5 are equal: both are on it
        ({"accuracy": MORE, "flops": MORE}, [1, 5]),
        ({"accuracy": LESS, "flops": LESS}, [4]),
        ({"accuracy": LESS, "flops": MORE}, [1, 3, 4, 5]),
        ({"accuracy": MORE}, [1, 5]),
        ({"flops": LESS}, [6]),
    ],
)
def test_the_front_is_what_no_other_one_beats(signs: dict[str, int], front: list[int]) -> None:
    found = find_front(POINTS, signs)
    assert found.index[found].tolist() == front


def test_best_first_and_equal_ones_as_asked() -> None:
    assert sort_configurations(POINTS, {"accuracy": MORE}) == [1, 5, 2, 3, 4]
    assert sort_configurations(POINTS, {"flops": LESS}) == [6, 2, 4, 3, 1, 5]
    # of two objectives the front comes first, and 6 has no accuracy
    assert sort_configurations(POINTS, {"flops": LESS, "accuracy": MORE}) == [2, 1, 5, 4, 3]


def test_the_best_so_far_never_gets_worse() -> None:
    values = pd.Series([0.5, 0.7, 0.6, 0.8])
    assert find_best_so_far(values, MORE).tolist() == [0.5, 0.7, 0.7, 0.8]
    assert find_best_so_far(values, LESS).tolist() == [0.5, 0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("signs", "corner"),
    [
        ((MORE, LESS), (1, 4)),
        ((LESS, MORE), (2, 3)),
        ((MORE, MORE), (1, 3)),
        ((LESS, LESS), (2, 4)),
    ],
)
def test_the_staircase_goes_through_what_both_neighbours_beat(
    signs: tuple[int, int], corner: tuple[int, int]
) -> None:
    x, y = trace_front(pd.Series([2, 1]), pd.Series([4, 3]), signs)
    assert list(zip(x, y, strict=True)) == [(1, 3), corner, (2, 4)]


def test_a_lead_is_paired_by_seed_in_the_direction_of_the_objective() -> None:
    losses = pd.DataFrame({0: [1.0, 1.2, 3.0], 1: [2.0, 2.4, 4.0], 2: [3.0, 3.0, 5.1]})
    table = compare_with_best(losses, LESS)
    assert table["configuration"].tolist() == [1, 2]
    assert table["mean"].tolist() == pytest.approx([0.2, 6.1 / 3])
    # differences 0.2, 0.4, 0: half of the interval is 4.3027 * 0.2 / sqrt(3)
    assert table.loc[0, "low"] == pytest.approx(0.2 - 4.3027 * 0.2 / 3**0.5, abs=1e-4)
    assert table["apart"].tolist() == [False, True]
    assert table.loc[1, "p_holm"] == pytest.approx(2 * table.loc[1, "p"])
    one = compare_with_best(losses[[0]], LESS)
    assert one["low"].isna().all()
    assert not one["apart"].any()


def test_the_best_is_judged_by_the_seed_that_did_not_choose_it() -> None:
    # by seeds 1 and 2 the first is best (0.2 on seed 0), by 0 and 2 and by 0 and 1 the second
    seeds = pd.DataFrame({0: [0.2, 0.9], 1: [0.8, 0.3], 2: [0.8, 0.7]})
    assert judge_on_other_seeds(seeds, MORE) == pytest.approx((0.2 + 0.3 + 0.7) / 3)
    assert judge_on_other_seeds(-seeds, LESS) == pytest.approx(-(0.2 + 0.3 + 0.7) / 3)
    assert np.isnan(judge_on_other_seeds(seeds[[0]], MORE))
    assert np.isnan(judge_on_other_seeds(seeds[:1], MORE))
    assert np.isnan(judge_on_other_seeds(seeds.where(seeds > 0.2), MORE))


@pytest.mark.parametrize(
    ("axis", "lower", "neither", "upper"),
    [
        (uniform(0.0, 1.0), 0.01, 0.03, 0.99),
        (log_uniform(0.001, 1.0), 0.0011, 0.0012, 0.9),
        (integers(1, 9), 1, 2, 9),
        (grid(16, 32, 64), 16, 32, 64),
    ],
)
def test_a_value_at_the_end_of_its_axis(axis: Axis, lower, neither, upper) -> None:
    assert [find_bound(axis, value) for value in (lower, neither, upper)] == ["lower", "", "upper"]


@pytest.mark.parametrize("axis", [grid("a", "b", "c"), grid(1, 2), grid(1, 2, "c"), None])
def test_names_and_two_values_have_no_end(axis: Axis | None) -> None:
    assert [find_bound(axis, value) for value in (1, 2, "a", None, True)] == [""] * 5


def test_a_configuration_is_ranked_once_all_of_its_seeds_are_done() -> None:
    asked = [
        (CELL | {"optim.lr": 0.1}, {"val_accuracy": [0.6, 0.7]}),
        (CELL | {"optim.lr": 0.2}, {"val_accuracy": [0.9, "diverged"]}),
        (CELL | {"optim.lr": 0.3}, {"val_accuracy": ["failed", "diverged"]}),
        (CELL | {"optim.lr": 0.4}, {"val_accuracy": ["censored", None]}),
        (CELL | {"optim.lr": 0.5}, {"val_accuracy": [0.99, None]}),
        (CELL | {"optim.lr": 0.02}, {"val_accuracy": [0.8, 0.8]}),
    ]
    searched = read_searched(make_search(asked))
    assert searched.cells["state"].tolist() == [
        *("done", "diverged", "failed", "censored", "unfinished", "done")
    ]
    assert searched.ranked == [6, 1]
    assert not searched.partial
    assert searched.means["val_accuracy"].tolist() == pytest.approx([0.8, 0.65])
    begun = read_searched(make_search(asked[1:5]))
    assert (begun.ranked, begun.partial) == ([4], True)
    with pytest.raises(NothingToDraw, match="got 1 diverged, 1 failed, 1 censored"):
        read_searched(make_search(asked[1:4]))


def test_intervals_are_over_the_seeds_of_a_configuration() -> None:
    searched = read_searched(make_search([(CELL, {"val_accuracy": [0.6, 0.7, 0.8]})]))
    (row,) = searched.responses.to_dict("records")
    assert (row["n"], row["mean"]) == (3, pytest.approx(0.7))
    assert row["high"] - row["mean"] == pytest.approx(4.3027 * 0.1 / 3**0.5, abs=1e-4)


def test_a_key_that_does_not_apply_tells_no_configurations_apart() -> None:
    asked = [
        (CELL | {"prune.sparsity": 0.4}, {"val_accuracy": [0.5]}),
        (CELL | {"prune.method": "magnitude", "prune.sparsity": 0.4}, {"val_accuracy": [0.6]}),
    ]
    searched = read_searched(make_search(asked))
    assert searched.cells["prune.sparsity"].tolist() == [None, 0.4]
    again = [(cell | {"prune.sparsity": 0.5}, values) for cell, values in asked[:1]]
    assert len(read_searched(make_search([*asked, *again])).cells) == 2


def test_seeds_stand_beside_each_other_where_configurations_share_them() -> None:
    asked = [(CELL | {"optim.lr": x}, {"val_accuracy": [x, x + 0.1]}) for x in (0.1, 0.2)]
    searched = read_searched(make_search(asked))
    table = tabulate_seeds(searched.trials, "val_accuracy", searched.ranked)
    assert table.index.tolist() == [2, 1]
    np.testing.assert_allclose(table, [[0.2, 0.3], [0.1, 0.2]])


def test_what_an_older_study_json_lacks_is_assumed_and_known_as_such() -> None:
    plan = read_search_plan({"search": "optuna", "space": {"optim.lr": [0.1, 0.2]}})
    assert plan.objectives == {"val_accuracy": "maximize"}
    assert plan.assumed
    assert (plan.sampler, plan.num_trials) == ("", None)
    newer = read_search_plan({"objectives": {"val_loss": "minimize"}, "num_trials": 4})
    assert (newer.objectives, newer.assumed) == ({"val_loss": "minimize"}, False)


@pytest.mark.parametrize(
    ("study", "wanted"),
    [
        ({"objectives": {"val_acuracy": "maximize"}}, "did you mean 'val_accuracy'"),
        ({"objectives": {"val_loss": "down"}}, "maximize or minimize as direction of val_loss"),
        ({"space": {"optim.lr": {"low": 0.1}}}, "low < high, as the axis optim.lr"),
        ({"space": {"optim.lr": {"low": 2, "high": 1}}}, "low < high, as the axis optim.lr"),
    ],
)
def test_a_search_of_study_json_that_is_none_is_refused(study: dict, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        read_search_plan(study)


def test_conditions_of_an_axis_of_values_are_read() -> None:
    axis = read_axis("prune.regrow", ["a", "b"], {"prune.method": ["nvp"]})
    assert axis == grid("a", "b", when={"prune.method": "nvp"})
