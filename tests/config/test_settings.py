"""A field knows its type and range: what loses nothing is coerced, all else names itself."""

from dataclasses import dataclass

import pytest

from nvp.config.fields import Settings, coerce_value, section, setting


@dataclass(frozen=True, kw_only=True)
class Inner(Settings):
    depth: int = setting(2, "how deep", low=1)


@dataclass(frozen=True, kw_only=True)
class Outer(Settings):
    rate: float = setting(0.5, "how fast", above=0, high=1)
    share: float = setting(0.0, "how much", low=0, below=1)
    kind: str = setting("plain", "which", choices=("plain", "fancy"))
    drops: tuple[float, ...] = setting((0.5,), "when")
    inner: Inner = section(Inner, "inside")


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ("0.1", float, 0.1),
        ("1e-3", float, 0.001),
        (1, float, 1.0),
        ("1", float, 1.0),
        (64.0, int, 64),
        ("64", int, 64),
        ("1e2", int, 100),
        ("relu", str, "relu"),
        ("1", str, "1"),
        ([1, 0.5], tuple[float, ...], (1.0, 0.5)),
        ("[0.25, 1]", tuple[float, ...], (0.25, 1.0)),
        ([], tuple[float, ...], ()),
    ],
)
def test_what_loses_nothing_is_coerced(value, kind, expected) -> None:
    found = coerce_value(value, kind, path="p")
    assert found == expected
    assert type(found) is type(expected)
    if isinstance(expected, tuple):
        assert all(type(item) is float for item in found)


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (64.5, int),
        ("64.5", int),
        (True, int),
        (False, float),
        ("true", float),
        ("fast", float),
        ("", float),
        (None, float),
        ("null", int),
        (float("nan"), float),
        ("NaN", float),
        (float("inf"), float),
        ("Infinity", float),
        ("1e999", float),
        (2**60 + 1, float),
        ([0.1], float),
        (1, str),
        (None, str),
        (0.5, tuple[float, ...]),
        ("0.5", tuple[float, ...]),
        (["half"], tuple[float, ...]),
        ([True], tuple[float, ...]),
        ({"depth": 1}, Inner),
    ],
)
def test_what_is_of_another_type_is_refused_by_name(value, kind) -> None:
    with pytest.raises(ValueError, match=r"some\.path: expected .*, got "):
        coerce_value(value, kind, path="some.path")


@pytest.mark.parametrize("rate", [1, 0.001])
@pytest.mark.parametrize("share", [0, 0.999])
def test_limits_that_are_reached(rate: float, share: float) -> None:
    assert (Outer(rate=rate, share=share).rate, Outer(share=share).share) == (rate, share)


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"rate": 0}, r"rate: expected a value > 0 and <= 1, got 0"),
        ({"rate": 1.5}, r"rate: expected a value > 0 and <= 1, got 1\.5"),
        ({"share": -0.1}, r"share: expected a value >= 0 and < 1, got -0\.1"),
        ({"share": 1}, r"share: expected a value >= 0 and < 1, got 1"),
        ({"kind": "fency"}, r"kind: expected one of plain, fancy; got 'fency' .*'fancy'"),
        ({"inner": {"depth": 1}}, r"inner: expected Inner, got"),
    ],
)
def test_out_of_range_says_what_was_expected_and_what_came(values, wanted: str) -> None:
    with pytest.raises(ValueError, match=wanted):
        Outer(**values)


def test_a_part_checks_itself() -> None:
    with pytest.raises(ValueError, match="depth: expected a value >= 1, got 0"):
        Outer(inner=Inner(depth=0))
