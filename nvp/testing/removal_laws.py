"""Laws of removal: the network that is left computes and learns what the masked one does."""

import copy
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nvp.config.trial_config import OptimConfig
from nvp.network.groups import maskable_layers, prunable_groups
from nvp.network.neuron_masks import mask_units
from nvp.network.removal import remove_masked
from nvp.network.train_state import TrainState
from nvp.testing.law import BrokenLaw, expect
from nvp.testing.model_case import ModelCase
from nvp.training.optim import build_optimizer

EXACT = 1e-10
AFTER_STEPS = 1e-7  # of logits after five steps, whose last bits differ
SGD = OptimConfig(lr=1e-3, momentum=0.9, weight_decay=1e-2)
ADAMW = OptimConfig(name="adamw", lr=1e-4, weight_decay=1e-2)


def a_removed_unit_was_silent(case: ModelCase) -> None:
    """After half of the units are removed, the outputs are the masked network's to 1e-10."""
    compare_outputs(case, *make_pair(case, SGD, half_of))


def the_next_five_steps_are_those_of_the_masked_network(case: ModelCase) -> None:
    """SGD with momentum and AdamW go on after a removal as they would have with masks."""
    for config in (SGD, ADAMW):
        check_next_steps(case, config)


def check_next_steps(case: ModelCase, config: OptimConfig) -> None:
    """Raise `BrokenLaw` where five steps after a removal are not those of the masked network."""
    masked, shrunk = make_pair(case, config, half_of)
    losses = [torch.tensor(learn(state, case, 5)) for state in (masked, shrunk)]
    compare(f"losses of five steps of {config.name}", *losses)
    compare_outputs(case, masked, shrunk, within=AFTER_STEPS)


def every_layer_can_be_removed_down_to_one_unit(case: ModelCase) -> None:
    """With one unit left of each group, the outputs are the masked network's to 1e-10."""
    masked, shrunk = make_pair(case, SGD, all_but_one_of)
    compare_outputs(case, masked, shrunk)
    layers = maskable_layers(shrunk.model)
    widths = {
        path: len(layer.keep) for path, layer in layers.items() if is_read(shrunk.model, path)
    }
    wide = {path: width for path, width in widths.items() if width > 1}
    expect(not wide, "one unit left of each layer that somebody reads", wide)


def half_of(count: int) -> Tensor:
    """Return the indices of a random half of so many units, always the same."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(count))[: count // 2]


def all_but_one_of(count: int) -> Tensor:
    """Return the indices of all units but the last."""
    return torch.arange(count - 1)


def is_read(model: nn.Module, path: str) -> bool:
    """Whether a model says who reads a layer; only then its units can be removed."""
    group = maskable_layers(model)[path].group or path
    return group in getattr(model, "reads", {}).values()


def make_pair(
    case: ModelCase, config: OptimConfig, choose: Callable[[int], Tensor]
) -> tuple[TrainState, TrainState]:
    """Return the state of a masked network in float64, and the same with these units removed."""
    model = case.make().double()
    masked = TrainState(model, build_optimizer(model, config))
    learn(masked, case, 2)  # so that the optimizer has moments
    layers = maskable_layers(model)
    for group, paths in prunable_groups(model).items():
        mask_units(model, masked.optimizer, group, choose(len(layers[paths[0]].keep)))
    shrunk = TrainState(*copy.deepcopy((masked.model, masked.optimizer)))
    remove_masked(shrunk)
    return masked, shrunk


def learn(state: TrainState, case: ModelCase, steps: int) -> list[float]:
    """Take plain steps on images of noise; return their losses. Changes `state`."""
    losses, x = [], case.images(8).double()
    for step in range(steps):
        state.model.train()
        torch.manual_seed(step)  # of dropout
        loss = F.cross_entropy(run(state.model, x), torch.arange(8) % case.num_classes)
        state.optimizer.zero_grad()
        loss.backward()
        state.optimizer.step()
        losses.append(loss.item())
    return losses


def run(model: nn.Module, x: Tensor) -> Tensor:
    """Return the logits of a network that may have been shrunk."""
    try:
        return model(x)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise BrokenLaw(
            f"expected a forward pass whatever is removed, got {type(error).__name__}: {reason}"
        ) from error


def compare_outputs(
    case: ModelCase, masked: TrainState, shrunk: TrainState, *, within: float = EXACT
) -> None:
    """Raise `BrokenLaw` where a shrunk network puts out other logits than the masked one."""
    x = case.images().double()
    logits = [run(state.model.eval(), x) for state in (masked, shrunk)]
    compare("logits", *logits, within=within)


def compare(what: str, masked: Tensor, shrunk: Tensor, *, within: float = EXACT) -> None:
    """Raise `BrokenLaw` where a number of a shrunk network differs from the masked one's."""
    difference = float((masked - shrunk).detach().abs().max())
    text = f"the {what} of the masked network to {within:g}"
    expect(difference <= within, text, f"a difference of {difference:g}")
