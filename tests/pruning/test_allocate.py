"""Allocations: exact counts, floors, ties by index, what is masked already stays masked."""

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import Tensor

from nvp.pruning import ALLOCATIONS
from nvp.pruning.allocation import layerwise, network, threshold

TARGET = {name: ALLOCATIONS[name] for name in ("layerwise", "network")}
LOOSE = 0


def pool(*groups: list[float]) -> dict[str, Tensor]:
    return {f"g{i}": torch.tensor(scores, dtype=torch.float32) for i, scores in enumerate(groups)}


def ones(scores: dict[str, Tensor], least: int = 1) -> dict[str, int]:
    return {group: min(least, len(score)) for group, score in scores.items()}


def kept(keep: dict[str, Tensor]) -> dict[str, list[int]]:
    return {group: mask.nonzero().flatten().tolist() for group, mask in keep.items()}


def count_masked(keep: dict[str, Tensor]) -> int:
    return sum(int((~mask).sum()) for mask in keep.values())


GROUPS = st.lists(
    st.lists(st.floats(1 / 64, 100, width=32), min_size=1, max_size=40), min_size=1, max_size=5
)


def test_layerwise_by_hand() -> None:
    scores = pool([5, 1, 3, 2], [0.1, 0.4, 0.3, 0.2])
    assert kept(layerwise(scores, 0.5, ones(scores))) == {"g0": [0, 2], "g1": [1, 2]}


def test_layerwise_gives_the_rest_to_the_largest_remainders_in_order() -> None:
    scores = pool([1.0] * 5, [1.0] * 7, [1.0] * 8)  # 2.5, 3.5 and 4.0 of 10
    counts = {g: int((~m).sum()) for g, m in layerwise(scores, 0.5, ones(scores)).items()}
    assert counts == {"g0": 3, "g1": 3, "g2": 4}
    scores = pool([1.0] * 3, [1.0] * 9)  # 0.9 and 2.7 of 3: the larger remainder is the first's
    counts = {g: int((~m).sum()) for g, m in layerwise(scores, 0.3, ones(scores)).items()}
    assert counts == {"g0": 1, "g1": 2}


def test_network_by_hand_is_relative_to_each_group_s_mean() -> None:
    scores = pool([10, 30, 20], [1, 3, 2, 2])  # relative: .5 1.5 1 and .5 1.5 1 1
    assert kept(network(scores, 0.3, ones(scores))) == {"g0": [1, 2], "g1": [1, 2, 3]}
    assert kept(network(scores, 0.5, ones(scores))) == {"g0": [1], "g1": [1, 2, 3]}


def test_threshold_masks_what_scores_zero_or_less() -> None:
    scores = pool([0, 1, 0, 1], [1, 1], [0, 0])
    for sparsity in (0.0, 0.9):
        assert kept(threshold(scores, sparsity, ones(scores))) == {
            "g0": [1, 3],
            "g1": [0, 1],
            "g2": [1],
        }


@pytest.mark.parametrize("name", TARGET)
def test_ties_go_to_the_lower_index(name: str) -> None:
    scores = pool([1, 1, 1, 1])
    assert kept(TARGET[name](scores, 0.5, ones(scores))) == {"g0": [2, 3]}


@pytest.mark.parametrize("name", TARGET)
def test_a_floor_binds(name: str) -> None:
    scores = pool([1, 2, 3, 4], [5, 6, 7, 8])
    keep = TARGET[name](scores, 0.95, {"g0": 2, "g1": 1})
    assert kept(keep) == {"g0": [2, 3], "g1": [3]}


@pytest.mark.parametrize("name", TARGET)
def test_what_is_masked_already_is_masked_first_and_counts(name: str) -> None:
    gone = -torch.inf
    scores = pool([9, gone, 1, gone], [gone, 3, 2, 4])
    keep = TARGET[name](scores, 0.5, ones(scores))
    assert count_masked(keep) == 4
    for group, score in scores.items():
        assert not keep[group][score == gone].any()


@pytest.mark.parametrize("name", TARGET)
@given(GROUPS, st.integers(0, 99))
@example([[1.0] * 70, [1.0] * 20], 70)
@example([[1.0] * 50, [1.0] * 100], 82)
@example([[1.0] * 80, [1.0] * 100], 35)
@settings(deadline=None, max_examples=80)
def test_exactly_the_target_is_masked_unless_a_floor_binds(
    name: str, groups: list[list[float]], percent: int
) -> None:
    scores = pool(*groups)
    free = {group: LOOSE for group in scores}
    keep = TARGET[name](scores, percent / 100, free)
    assert count_masked(keep) == percent * sum(map(len, groups)) // 100


@given(GROUPS, st.integers(0, 99), st.integers(1, 6))
@settings(deadline=None, max_examples=80)
def test_network_reaches_the_target_or_every_floor(groups, percent: int, least: int) -> None:
    scores = pool(*groups)
    floors = ones(scores, least)
    keep = network(scores, percent / 100, floors)
    total = sum(map(len, groups))
    expected = min(percent * total // 100, total - sum(floors.values()))
    assert count_masked(keep) == expected
    assert all(int(mask.sum()) >= floors[group] for group, mask in keep.items())


@given(GROUPS, st.integers(0, 99))
@settings(deadline=None, max_examples=80)
def test_layerwise_is_within_one_of_the_fraction_in_every_group(groups, percent: int) -> None:
    scores = pool(*groups)
    keep = layerwise(scores, percent / 100, {group: LOOSE for group in scores})
    for mask in keep.values():
        assert abs(int((~mask).sum()) - percent / 100 * len(mask)) <= 1


@pytest.mark.parametrize("name", ALLOCATIONS)
@given(GROUPS, st.integers(0, 99), st.integers(1, 3))
@settings(deadline=None, max_examples=40)
def test_no_kept_unit_of_a_group_scores_below_a_masked_one(
    name: str, groups: list[list[float]], percent: int, least: int
) -> None:
    scores = pool(*groups)
    keep = ALLOCATIONS[name](scores, percent / 100, ones(scores, least))
    for group, mask in keep.items():
        assert int(mask.sum()) >= ones(scores, least)[group]
        if mask.all():
            continue
        assert scores[group][~mask].max() <= scores[group][mask].min()


@pytest.mark.parametrize("name", ALLOCATIONS)
def test_scores_are_left_alone(name: str) -> None:
    scores = pool([3, 1, 2], [0, 5, 4, -torch.inf])
    before = {group: score.clone() for group, score in scores.items()}
    ALLOCATIONS[name](scores, 0.5, ones(scores))
    assert all(torch.equal(scores[group], before[group]) for group in scores)


@pytest.mark.parametrize("name", TARGET)
@given(GROUPS, st.integers(0, 99), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_a_higher_target_masks_more(name: str, groups, one: int, two: int) -> None:
    scores = pool(*groups)
    low, high = (
        count_masked(TARGET[name](scores, percent / 100, ones(scores)))
        for percent in sorted((one, two))
    )
    assert low <= high
