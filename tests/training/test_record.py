"""Records and their rows: deaths by activation, null where undefined; events, also of weights."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from nvp.config.trial_config import TrialConfig
from nvp.data import DATASETS
from nvp.models.activations import ACTIVATIONS
from nvp.network.groups import neuron_layers
from nvp.pruning import Pruned
from nvp.storage.columns import ON_REQUEST as ON_REQUEST_COLUMNS
from nvp.training.build import build
from nvp.training.loop import train
from nvp.training.record import EpochRecord, record_layers, record_pruning
from nvp.trial.rows import epoch_rows, event_rows, layer_rows, neuron_rows
from nvp.trial.trial_row import measure_results
from nvp.trial.validation import check_trial
from nvp.vitality import DEATHS, GradientScores, headline_death, list_definitions, observe_images

torch.set_num_threads(1)
DATA = DATASETS["digits"].load(Path())
SMALL = {"epochs": 2, "data.batch_size": 128, "model.name": "mlp", "model.width": 0.2,
         "probe.size": 64, "probe.bins": 8}  # fmt: skip


def config_of(**changes: Any) -> TrialConfig:
    dotted = {key.replace("__", "."): value for key, value in changes.items()}
    return TrialConfig().with_overrides(SMALL | dotted)


def run(config: TrialConfig) -> list[EpochRecord]:
    return list(train(config, DATA, build(config, DATA, "cpu")))


@pytest.fixture(scope="module")
def record() -> EpochRecord:
    return run(config_of(epochs=1))[-1]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_what_does_not_apply_is_null_and_what_does_is_counted(activation: str) -> None:
    config = config_of(model__activation=activation, epochs=1)
    function = ACTIVATIONS[activation](0.01)
    (_, record) = run(config)
    for row in layer_rows("t", record).to_pylist():
        assert row["death"] == headline_death(function)
        assert {name for name in DEATHS if row[name] is not None} == set(list_definitions(function))
    dead = {row["dead"] for row in neuron_rows("t", record).to_pylist()}
    assert (dead == {None}) == (activation != "relu")


def test_the_row_of_the_trial_names_the_headline() -> None:
    for activation, death in (("relu", "dead"), ("swish", "dormant_0025")):
        config = config_of(model__activation=activation)
        model = build(config, DATA, "cpu").model
        row = measure_results(config, DATA, model, {"epochs": 0}, status="diverged")
        assert row["death"] == death
        assert (row["masked_weights"], row["weight_sparsity"]) == (0, 0.0)
        assert row["weights"] == sum(p.numel() for p in model.parameters() if p.dim() > 1)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "silu", "tanh"])
def test_died_and_revived_go_by_the_headline(activation: str) -> None:
    config = config_of(model__activation=activation, model__norm="none")
    state = build(config, DATA, "cpu")
    layer = neuron_layers(state.model)["hidden.0"]
    weight, bias = layer.weight.detach().clone(), layer.affine.bias.detach().clone()

    def look() -> dict:
        return record_layers(state, observe_images(state.model, DATA.probe(64), bins=8), config)

    before = look()
    with torch.no_grad():
        layer.weight[3], layer.affine.bias[3] = 0.0, 0.0
    silent = look()["hidden.0"]
    assert silent.events["died"].nonzero().flatten().tolist() == [3]
    assert torch.equal(state.dead["hidden.0"], silent.deaths[silent.death])
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.affine.bias.copy_(bias)
    again = look()["hidden.0"]
    assert again.events["revived"].nonzero().flatten().tolist() == [3]
    assert torch.equal(again.deaths[again.death], before["hidden.0"].deaths[again.death])


def test_the_states_of_a_method_become_events() -> None:
    config = config_of()
    state = build(config, DATA, "cpu")
    observation = observe_images(state.model, DATA.probe(64), bins=8)
    layers = record_layers(state, observation, config)
    width = len(layers["hidden.1"].keep)
    dying, recovered = (torch.arange(width) == i for i in (2, 5))
    states = {"hidden.1": {"dying": dying, "recovered": recovered}}
    record_pruning(state, layers, Pruned(states=states))
    assert layers["hidden.1"].events["dying"] is dying
    assert "dying" not in layers["hidden.0"].events


def test_events_are_a_row_a_neuron_and_a_row_a_layer_s_weights(record: EpochRecord) -> None:
    keep = record.layers["hidden.0"].keep
    layers = {}
    for path, layer in record.layers.items():
        events = {"died": ~keep, "dying": ~keep}
        if path == "hidden.0":
            events |= {"died": torch.arange(len(keep)) == 1, "dying": torch.arange(len(keep)) == 4}
        layers[path] = replace(layer, events=events)
    weights = {"hidden.0": (7, 0), "head": (2, 3)}
    rows = event_rows("t", replace(record, layers=layers, weight_events=weights), "dnr")
    names = ("layer", "neuron", "event", "cause", "count")
    found = [tuple(row[name] for name in names) for row in rows.to_pylist()]
    assert found == [
        ("hidden.0", 1, "died", "training", None),
        ("hidden.0", 4, "dying", "dnr", None),
        ("hidden.0", None, "weights_pruned", "dnr", 7),
        ("head", None, "weights_pruned", "dnr", 2),
        ("head", None, "weights_grown", "dnr", 3),
    ]


def test_an_epoch_has_its_weight_sparsity_and_noise_scale(record: EpochRecord) -> None:
    one = replace(record, masked_weights=30, weights=120, noise_scale=12.5)
    (row,) = epoch_rows("t", one).to_pylist()
    assert (row["weight_sparsity"], row["noise_scale"]) == (0.25, 12.5)
    (row,) = epoch_rows("t", replace(record, noise_scale=None)).to_pylist()
    assert row["noise_scale"] is None


@pytest.mark.parametrize("method", ["gmp", "set"])
def test_the_events_of_weights_add_up_to_what_is_masked(method: str) -> None:
    config = config_of(epochs=5, prune__method=method, prune__sparsity=0.8)
    masked, seen = 0, set()
    for record in run(config):
        for row in event_rows("t", record, method).to_pylist():
            seen.add(row["event"])
            if row["event"] in ("weights_pruned", "weights_grown"):
                masked += row["count"] if row["event"] == "weights_pruned" else -row["count"]
        assert masked == record.masked_weights
    assert masked == int(0.8 * record.weights)
    assert ("weights_grown" in seen) == (method == "set")


def test_the_noise_scale_is_measured_at_every_point_when_asked() -> None:
    asked = run(config_of(probe__noise_scale=512, model__activation="tanh"))
    assert any(record.noise_scale for record in asked)
    plain = run(config_of(model__activation="tanh"))
    assert all(record.noise_scale is None for record in plain)
    assert [r.val_loss for r in asked] == [r.val_loss for r in plain]


ON_REQUEST = {"probe__duplicates": 0.9, "probe__gradients": 64, "probe__weights": "magnitude"}
OF_LAYERS = {field.name for field in ON_REQUEST_COLUMNS["layers"]}
OF_NEURONS = {field.name for field in ON_REQUEST_COLUMNS["neurons"]}


def without(rows: list[dict[str, Any]], names: set[str]) -> list[dict[str, Any]]:
    return [{key: value for key, value in row.items() if key not in names} for row in rows]


def test_what_is_measured_on_request_is_null_otherwise_and_changes_nothing_else() -> None:
    plain, asked = run(config_of(optim__lr=0.5)), run(config_of(optim__lr=0.5, **ON_REQUEST))
    for one, other in zip(plain, asked, strict=True):
        assert (one.train_loss, one.val_loss) == (other.train_loss, other.val_loss)
        for make, names in ((layer_rows, OF_LAYERS), (neuron_rows, OF_NEURONS)):
            rows, more = make("t", one).to_pylist(), make("t", other).to_pylist()
            assert without(rows, names) == without(more, names)
            assert {row[name] for row in rows for name in names} == {None}
            assert all(row[name] is not None for row in more for name in names)


def test_rows_count_what_was_measured_on_request() -> None:
    record = run(config_of(epochs=1, prune__method="l1", optim__lr=0.5, **ON_REQUEST))[-1]
    neurons = neuron_rows("t", record).to_pylist()
    for row in layer_rows("t", record).to_pylist():
        own = [n for n in neurons if n["layer"] == row["layer"] and n["kept"]]
        assert row["duplicate"] == sum(n["duplicate"] for n in own)
        for name in ("grama", "grama_weight"):
            assert row[f"{name}_inactive"] == sum(n[name] <= 0.01 for n in own)
            assert sum(n[name] for n in own) / len(own) == pytest.approx(1, rel=1e-5)
        assert 0 < row["weight_magnitude"] < row["weight_norm"]
    layer = replace(record.layers["hidden.0"], gradients=GradientScores(None, None))
    (row,) = layer_rows("t", replace(record, layers={"hidden.0": layer})).to_pylist()
    assert (row["grama_inactive"], row["grama_weight_inactive"]) == (None, None), "undefined"


def test_a_layer_that_is_too_wide_to_be_compared_is_refused_before_anything_starts() -> None:
    config = config_of(model__width=17.0, probe__duplicates=0.95)
    with pytest.raises(
        ValueError, match=r"probe\.duplicates: .* at most 2,048 .* hidden\.0 with 2,1"
    ):
        check_trial(config)
    check_trial(config_of(model__width=17.0))
