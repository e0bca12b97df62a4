"""Cases in turn: over n turns each is taken once, and each test has a case at each turn."""

from collections.abc import Iterator

import pytest

from tests.turns import find_turn, leave_to_minutes


@pytest.fixture(autouse=True)
def _own_turn() -> Iterator[None]:
    yield
    find_turn.cache_clear()  # before the variable is as before: it is read at the next collection


def cases_taken(
    request: pytest.FixtureRequest, patch: pytest.MonkeyPatch, turn: int, mark: pytest.MarkDecorator
) -> list[str]:
    """Return which of five cases of one test and one of another, all with a mark, are taken."""
    patch.setenv("NVP_TEST_TURN", str(turn))
    find_turn.cache_clear()
    names = [*(f"many[{case}]" for case in range(5)), "single"]
    items = [
        pytest.Function.from_parent(request.node.parent, name=name, callobj=lambda: None)
        for name in names
    ]
    for item in items:
        item.add_marker(mark)
    leave_to_minutes([*items])
    return [item.name for item in items if not item.get_closest_marker("minutes")]


def test_each_case_has_its_turn_and_a_single_one_has_every(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = pytest.mark.one_in(3)
    turns = [cases_taken(request, monkeypatch, turn, mark) for turn in range(3)]
    assert turns == [
        ["many[0]", "many[3]", "single"],
        ["many[2]", "single"],
        ["many[1]", "many[4]", "single"],
    ]


def test_of_a_longer_list_of_turns_than_cases_one_is_always_taken(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for turn in range(9):
        taken = cases_taken(request, monkeypatch, turn, pytest.mark.one_in(9))
        assert len(taken) == 2


def test_what_shares_something_is_taken_together(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = pytest.mark.one_commit_in(3, 1)
    counts = [len(cases_taken(request, monkeypatch, turn, mark)) for turn in range(6)]
    assert counts == [0, 6, 0, 0, 6, 0]
