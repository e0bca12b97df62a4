"""The schema: every column has a meaning, and says whether a continuation may change it."""

import pytest

from nvp.storage.columns import column
from nvp.storage.schema import EVENTS, NEURON_EVENTS, STATUSES, TABLES, VOLATILE
from nvp.vitality import DEATHS
from nvp.vitality.death import ALWAYS

# by hand: what a second run of the same trial may change, and the units of what ends so
MAY_CHANGE = {
    "trials": {"dense_step_seconds", "step_seconds", "error", "attempt", "started", "ended",
               "seconds", "host", "device", "retried_alone", "checkpoint_kept", "version",
               "code", "manifest"},
    "epochs": {"train_seconds", "observe_seconds", "prune_seconds", "evaluate_seconds"},
}  # fmt: skip
UNIT_OF = {"loss": "nats", "accuracy": "fraction", "sparsity": "fraction", "seconds": "s",
           "epochs": "epochs", "steps": "steps", "weights": "weights",
           "plasticity_loss": "fraction"}  # fmt: skip
UNITS = {"", "fraction", "nats", "epochs", "steps", "units", "neurons", "parameters", "images",
         "operations", "weights", "weights, neurons or resets", "s", "s, Unix"}  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_every_column_says_more_than_its_name_and_has_a_unit_of_its_kind(table: str) -> None:
    for field in TABLES[table]:
        meaning, unit = (field.metadata[key].decode() for key in (b"meaning", b"unit"))
        assert meaning, field.name
        assert meaning != field.name.replace("_", " ")
        assert unit in UNITS, field.name
        of_kind = UNIT_OF.get(field.name.rpartition("_")[2], unit)
        assert unit == UNIT_OF.get(field.name, of_kind), field.name


@pytest.mark.parametrize("table", TABLES)
def test_only_what_depends_on_the_run_is_volatile(table: str) -> None:
    assert set(VOLATILE[table]) == MAY_CHANGE.get(table, set())


@pytest.mark.parametrize("table", TABLES)
def test_names_are_unique_and_the_keys_come_first_from_coarse_to_fine(table: str) -> None:
    names = TABLES[table].names
    assert len(set(names)) == len(names)
    keys = ["trial_id", "task", "epoch", "layer", "neuron"]
    depth = {"trials": 1, "epochs": 3, "layers": 4, "neurons": 5, "events": 5}[table]
    assert names[:depth] == keys[:depth]
    assert not set(keys[:depth]) & set(VOLATILE[table])


def test_the_five_tables() -> None:
    assert list(TABLES) == ["trials", "epochs", "layers", "neurons", "events"]
    assert STATUSES == ("done", "failed", "diverged", "censored")
    assert NEURON_EVENTS == ("died", "revived", "pruned", "reactivated", "dying", "recovered")
    assert set(EVENTS) - set(NEURON_EVENTS) == {
        "weights_pruned",
        "weights_grown",
        "shrunk",
        "reset",
    }


def test_times_and_places_are_volatile_and_no_result_is() -> None:
    volatile = {name for names in VOLATILE.values() for name in names}
    assert {"seconds", "started", "ended", "host", "device", "attempt", "manifest"} <= volatile
    assert not volatile & {"val_loss", "test_accuracy", "sparsity", "dead", "entropy", "config"}


def test_every_definition_of_death_is_a_column_of_layers() -> None:
    assert set(DEATHS) <= set(TABLES["layers"].names)


def test_a_death_that_not_all_activations_have_says_that_it_may_be_null() -> None:
    for name in set(DEATHS) - set(ALWAYS):
        assert b"null for others" in TABLES["layers"].field(name).metadata[b"meaning"]
    for table in ("trials", "layers"):
        meaning = TABLES[table].field("death").metadata[b"meaning"].decode()
        assert "dead for ReLU, dormant_0025 for all others" in meaning


def test_a_column_carries_what_it_is_told() -> None:
    import pyarrow as pa

    field = column("x", pa.int64(), "meant so", unit="s", volatile=True)
    assert field.metadata == {b"meaning": b"meant so", b"unit": b"s", b"volatile": b"true"}
