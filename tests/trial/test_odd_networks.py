"""A network that is odd in one way is refused in one line on the driver, or trains rightly."""

import random

import numpy as np
import pytest
import torch

from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp.models import build_model
from nvp.trial.validation import check_trial

REFUSED = {
    "no_neurons": "found no neurons in Sequential",
    "recurrent": "found no neurons in Recurrent",
    "no_parameters": "found no neurons in Sequential",
    "other_classes": "a tensor of 10 logits for each of 2 images, got (2, 7)",
    "pair": "a tensor of 10 logits for each of 2 images, got a tuple",
    "named": "a tensor of 10 logits for each of 2 images, got a collections.OrderedDict",
    "squeezed": "a tensor of 10 logits for a single image, got (10,)",
    "too_small": "takes images of 1x8x8, but the forward pass",
    "lazy": "1.weight of tests.trial.odd_networks:lazy is of a lazy module: call the network once",
    "all_frozen": "all of tests.trial.odd_networks:all_frozen are frozen",
    "compiled": "torch.compile: return the network itself, because nvp looks into",
    "compiled_inside": "torch.compile: return the network itself, because nvp looks into",
    "half": "is float16: return network.float()",
    "double": "is float64: return network.float()",
    "complex_numbers": "is complex64: return network.float()",
    "kept": "two calls return the same 1.weight, so that one trial would train the weights of",
    "kept_part": "two calls return the same 1.weight",
    "own_kept": "two calls return the same hidden.affine.weight",
    "own_other_classes": "a tensor of 10 logits for each of 2 images, got (2, 7)",
    "own_pair": "a tensor of 10 logits for each of 2 images, got a tuple",
    "own_softmax": "hidden is a NeuronLayer whose activation changes all neurons with one of them",
}
TAKEN = ["frozen", "parallel", "single_norm", "own_softmax_in_space", "drawn_elsewhere"]


def check(name: str, **changes: object) -> None:
    named = {"model.name": f"tests.trial.odd_networks:{name}", "prune.method": "magnitude"}
    check_trial(TrialConfig().with_overrides(named | changes))


SLOW = pytest.param("compiled", marks=pytest.mark.minutes)  # torch.compile takes long to import


@pytest.mark.parametrize("name", [*(name for name in REFUSED if name != "compiled"), SLOW])
def test_it_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(ValueError, match=".") as refused:
        check(name)
    assert REFUSED[name] in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", TAKEN)
def test_it_trains_shortly_on_the_driver(name: str) -> None:
    check(name)


def test_single_images_are_refused_where_the_network_normalises_over_them() -> None:
    check("frozen", **{"data.batch_size": 1})
    with pytest.raises(
        ValueError, match="^data.batch_size: expected at least 2, because batch"
    ) as e:
        check("single_norm", **{"data.batch_size": 1})
    assert "a network without batch normalisation computes on single images" in str(e.value)


def test_weights_are_those_of_the_seed_whatever_library_draws_them() -> None:
    config = ModelConfig(name="tests.trial.odd_networks:drawn_elsewhere")
    drawn, state = [], (np.random.get_state(legacy=False)["state"]["key"].copy(), random.getstate())  # noqa: NPY002
    for seed in (0, 0, 1):
        model = build_model(config, (1, 8, 8), 10, seed=seed)
        drawn.append(next(model.parameters()).detach())
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
    assert np.array_equal(np.random.get_state(legacy=False)["state"]["key"], state[0])  # noqa: NPY002
    assert random.getstate() == state[1]
