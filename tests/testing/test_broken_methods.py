"""Each law of a method can be broken, and says what was expected and what came."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from nvp.pruning import CRITERIA, METHODS
from nvp.pruning.methods.method import Method, neurons
from nvp.testing import BrokenLaw, MethodSuite, method_suite
from nvp.testing.law import Law
from nvp.testing.method_suite import MethodCase, run_method

torch.set_num_threads(1)
Change = Callable[[MethodCase], MethodCase]


def with_row(**changes: object) -> Change:
    return lambda case: replace(case, row={**case.row, **changes})


def without_last_epoch(case: MethodCase) -> MethodCase:
    return replace(case, epochs=case.epochs[:-1])


def without_events(case: MethodCase) -> MethodCase:
    return replace(case, events=[])


def of_another(case: MethodCase) -> MethodCase:
    return replace(case, events=[{**event, "cause": "nvp"} for event in case.events])


def falling(case: MethodCase) -> MethodCase:
    *others, last = case.epochs
    return replace(case, epochs=[*others, {**last, "sparsity": 0.1}])


BROKEN: list[tuple[Change, Law, str]] = [
    (
        with_row(status="failed", error="no"),
        method_suite.it_trains_to_its_end,
        "a trial that is done, got failed: no",
    ),
    (
        without_last_epoch,
        method_suite.it_trains_to_its_end,
        r"measuring points \[0, 1, 2, 3, 4, 5\], got \[0, 1, 2, 3, 4\]",
    ),
    (
        with_row(masked_units=3),
        method_suite.it_reaches_its_target,
        r"expected \d+ of \d+ units masked at the end, got 3",
    ),
    (
        without_events,
        method_suite.what_it_masks_is_recorded_with_its_cause,
        r"an event for each of \d+ masked units, got none",
    ),
    (
        of_another,
        method_suite.what_it_masks_is_recorded_with_its_cause,
        r"causes among \['magnitude', 'magnitude at the latest'\], got \['nvp'\]",
    ),
    (
        falling,
        method_suite.its_sparsity_never_falls_unless_it_regrows,
        r"a sparsity of at least 0\.\d+ at epoch 5, as before, got 0\.1",
    ),
]


@pytest.mark.parametrize(("change", "law", "message"), BROKEN)
def test_broken_rows_are_told_apart(change: Change, law: Law, message: str) -> None:
    case = run_method("magnitude", ())
    law(case)
    with pytest.raises(BrokenLaw, match=message):
        law(change(case))


def raise_error(config: object) -> object:
    raise RuntimeError("cannot score")


def test_a_method_whose_criterion_fails_is_told_with_its_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(CRITERIA, "broken", raise_error)
    monkeypatch.setitem(METHODS, "broken", neurons("broken", "network", "cubic", "fails at once"))
    with pytest.raises(BrokenLaw, match=r"done, got failed: (.|\n)*RuntimeError: cannot score"):
        method_suite.it_trains_to_its_end(run_method("broken", ()))


def test_a_method_without_a_summary_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    row: Method = replace(METHODS["magnitude"], summary="")
    monkeypatch.setitem(METHODS, "magnitude", row)
    with pytest.raises(BrokenLaw, match="a summary of one line, got ''"):
        method_suite.it_says_what_it_does(run_method("magnitude", ()))


def test_every_law_is_broken_here() -> None:
    found = {law for _, law, _ in BROKEN} | {method_suite.it_says_what_it_does}
    assert found == set(MethodSuite.laws)
