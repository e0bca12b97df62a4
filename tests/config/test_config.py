"""Configurations: golden names, overrides, round trips; nothing wrong passes silently."""

import dataclasses
import json
from pathlib import Path
from typing import Any, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nvp.config.dotted_paths import flatten_config, unflatten_config
from nvp.config.extra import Extra
from nvp.config.identity import find_changes, trial_id
from nvp.config.trial_config import ModelConfig, OptimConfig, PruneConfig, TrialConfig

GOLDEN = Path(__file__).parents[1] / "golden" / "trial_ids.txt"
LINES = [line.split(maxsplit=1) for line in GOLDEN.read_text().splitlines()]


def leaves(kind: type, prefix: str = "") -> dict[str, dataclasses.Field]:
    found: dict[str, dataclasses.Field] = {}
    for field in dataclasses.fields(kind):
        if field.type is Extra:  # open: any name below it
            continue
        if dataclasses.is_dataclass(field.type):
            found |= leaves(field.type, prefix + field.name + ".")
        else:
            found[prefix + field.name] = field
    return found


LEAVES = leaves(TrialConfig)


def valid_values(field: dataclasses.Field) -> st.SearchStrategy:
    """Any value that a field takes, from its declared range."""
    limits = field.metadata["limits"]
    low = next((limits[k] for k in ("low", "above") if k in limits), None)
    high = next((limits[k] for k in ("high", "below") if k in limits), None)
    if field.metadata["choices"]:
        return st.sampled_from(field.metadata["choices"])
    if field.type is str:
        return st.text(max_size=8)
    if field.type is int:
        return st.integers(low or 0, (low or 0) + 5000)
    exact = {
        "allow_nan": False,
        "allow_subnormal": False,  # trials in this process flush them
        "allow_infinity": False,
        "exclude_min": "above" in limits,
        "exclude_max": "below" in limits,
    }
    if get_origin(field.type) is tuple:
        return st.lists(st.floats(0, 1, allow_subnormal=False), max_size=4).map(tuple)
    return st.floats(low, 1e6 if high is None else high, **exact)


ANY_FLAT = st.fixed_dictionaries(
    {}, optional={path: valid_values(field) for path, field in LEAVES.items()}
)


@pytest.mark.parametrize(("name", "overrides"), LINES)
def test_golden_names_hold(name: str, overrides: str) -> None:
    assert trial_id(TrialConfig().with_overrides(json.loads(overrides))) == name


def test_golden_names_are_a_dozen_distinct_ones() -> None:
    assert len(LINES) >= 12
    assert len({name for name, _ in LINES}) == len(LINES)


def test_a_default_given_is_a_default_omitted() -> None:
    assert find_changes(TrialConfig()) == {}
    assert trial_id(TrialConfig().with_overrides(flatten_config(TrialConfig()))) == trial_id(
        TrialConfig()
    )
    assert find_changes(TrialConfig().with_overrides({"optim.lr": "0.1", "seed": 3})) == {"seed": 3}


def test_text_number_and_field_name_the_same_trial() -> None:
    spelled = [
        TrialConfig(optim=OptimConfig(lr=0.25)),
        TrialConfig().with_overrides({"optim.lr": 0.25}),
        TrialConfig().with_overrides({"optim.lr": "0.25"}),
        TrialConfig().with_overrides({"optim.lr": "25e-2"}),
    ]
    assert len({trial_id(config) for config in spelled}) == 1
    whole = [TrialConfig().with_overrides({"optim.noise": v}) for v in (1, 1.0, "1", "1.0")]
    assert len({trial_id(config) for config in whole}) == 1
    assert whole[0] == TrialConfig(optim=OptimConfig(noise=1))
    listed = [
        TrialConfig().with_overrides({"optim.milestones": v}) for v in ([0.5, 1], "[0.5, 1.0]")
    ]
    assert listed[0] == listed[1] == TrialConfig(optim=OptimConfig(milestones=(0.5, 1.0)))


@pytest.mark.parametrize(
    ("path", "close"),
    [("optim.lrr", "optim.lr"), ("optim.learning", None), ("prun.method", "prune.method")],
)
def test_an_unknown_path_is_refused_and_the_nearest_named(path: str, close: str | None) -> None:
    with pytest.raises(ValueError, match=f"unknown configuration path '{path}'") as refused:
        TrialConfig().with_overrides({path: 1})
    if close:
        assert f"did you mean {close!r}?" in str(refused.value)


def test_a_part_is_no_path() -> None:
    with pytest.raises(ValueError, match="unknown configuration path 'optim'"):
        TrialConfig().with_overrides({"optim": OptimConfig()})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("optim.lr", -0.1),
        ("optim.momentum", 1.0),
        ("data.batch_size", 0),
        ("epochs", 0),
        ("seed", -1),
        ("model.width", 0),
        ("prune.sparsity", 1.0),
        ("prune.start", 1.1),
        ("probe.size", 1),
        ("probe.bins", 1),
        ("probe.every", 0),
        ("prune.sites", "stream"),
        ("model.norm", "layers"),
    ],
)
def test_out_of_range_names_the_whole_path(path: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{path}: expected .*got {value!r}"):
        TrialConfig().with_overrides({path: value})


@pytest.mark.parametrize(
    ("path", "value"),
    [("optim.lr", "fast"), ("epochs", 2.5), ("epochs", True), ("data.name", 3), ("optim.lr", None)],
)
def test_a_value_of_another_type_names_the_whole_path(path: str, value: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{path}: expected \w+, got {value!r}"):
        TrialConfig().with_overrides({path: value})


@pytest.mark.one_in(3)
@pytest.mark.parametrize("path", LEAVES)
def test_every_field_has_a_meaning_and_a_default_that_its_own_range_allows(path: str) -> None:
    field = LEAVES[path]
    assert len(field.metadata["meaning"]) > 3
    default = flatten_config(TrialConfig())[path]
    assert flatten_config(TrialConfig().with_overrides({path: default})) == flatten_config(
        TrialConfig()
    )


def test_the_parts_have_meanings_too() -> None:
    assert all(field.metadata["meaning"] for field in dataclasses.fields(TrialConfig))


def test_configurations_are_frozen_and_hashable() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        PruneConfig().tau = 0.5  # type: ignore[misc]
    assert hash(ModelConfig()) == hash(ModelConfig(width=1))


@given(ANY_FLAT)
@settings(deadline=None, max_examples=50)
def test_flat_and_nested_are_one_another(flat: dict[str, Any]) -> None:
    config = TrialConfig().with_overrides(flat)
    stored = json.loads(json.dumps(flatten_config(config)))
    assert unflatten_config(TrialConfig, stored) == config
    assert TrialConfig().with_overrides(find_changes(config)) == config
    assert trial_id(unflatten_config(TrialConfig, stored)) == trial_id(config)
    as_text = {p: v if LEAVES[p].type is str else json.dumps(v) for p, v in stored.items()}
    assert TrialConfig().with_overrides(as_text) == config


@given(ANY_FLAT)
@settings(deadline=None, max_examples=50)
def test_the_name_forgets_what_is_at_its_default_and_nothing_else(flat: dict[str, Any]) -> None:
    config = TrialConfig().with_overrides(flat)
    defaults = flatten_config(TrialConfig())
    differing = {p for p, v in flatten_config(config).items() if v != defaults[p]}
    assert set(find_changes(config)) == differing
    assert (trial_id(config) == trial_id(TrialConfig())) == (not differing)


def test_a_configuration_stored_before_a_field_existed_reads_as_its_default() -> None:
    stored = flatten_config(TrialConfig(seed=4))
    del stored["optim.l1_scale"], stored["revision"]
    assert unflatten_config(TrialConfig, stored) == TrialConfig(seed=4)
