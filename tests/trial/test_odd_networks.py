"""A network that is odd in one way is refused in one line on the driver, or trains rightly."""

import random

import numpy as np
import pytest
import torch

from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp.models import build_model
from nvp.testing import ModelSuite
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
    "quantised": "1 of tests.trial.odd_networks:quantised is quantised (Linear)",
    "partly_meta": "1.weight of tests.trial.odd_networks:partly_meta is on the meta device",
    "without_gradient": "no parameter gets one: its forward pass runs under torch.no_grad()",
    "detached": "no parameter gets one: its forward pass runs under torch.no_grad(), or detaches",
    "random_in_eval_mode": "two forward passes in eval mode differ",
    "sparse_product": "they go through _sparse_addmm, which adoption does not follow",
    "sparse_neurons": "they go through _to_sparse, which adoption does not follow",
    "own_parallel": "an nn.DataParallel of a network of NeuronLayer, which hides its `reads`",
    "own_lazy": "got a LazyLinear: write Linear with the number of inputs",
    "own_softmax": "hidden is a NeuronLayer whose activation changes all neurons with one of them",
}
TAKEN = ["frozen", "parallel", "single_norm", "own_softmax_in_space", "drawn_elsewhere"]
WATCHED = ["orthogonal", "random_in_eval_mode", "sparse_product", "sparse_neurons", "sparse_buffer"]


def check(name: str, **changes: object) -> None:
    named = {"model.name": f"tests.trial.odd_networks:{name}", "prune.method": "magnitude"}
    check_trial(TrialConfig().with_overrides(named | changes))


SLOW = ("compiled", "quantised")  # what they are made with takes long to import
MARKED = [pytest.param(name, marks=pytest.mark.minutes) for name in SLOW]


@pytest.mark.parametrize("name", [*(name for name in REFUSED if name not in SLOW), *MARKED])
def test_it_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(ValueError, match=".") as refused:
        check(name)
    assert REFUSED[name] in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", TAKEN)
def test_it_trains_shortly_on_the_driver(name: str) -> None:
    check(name)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", WATCHED)
def test_it_trains_unpruned_where_its_neurons_can_only_be_watched(name: str) -> None:
    check(name, **{"prune.method": "none"})


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["own_instance", "own_instance_of_statistics"])
def test_neurons_with_instance_norm_keep_the_laws_of_all_others(name: str) -> None:
    dotted = f"tests.trial.odd_networks:{name}"
    ModelSuite.check(dotted, image_shape=(1, 8, 8), num_classes=5, settings=({},))


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
