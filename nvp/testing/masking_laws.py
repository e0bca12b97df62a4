"""Laws of masking: a masked unit is silent, and what touches it counts for nothing."""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.config.trial_config import OptimConfig
from nvp.network.groups import find_readers, own_layers, prunable_groups
from nvp.network.neuron_layer import NeuronLayer
from nvp.network.weight_masks import live_weights
from nvp.testing.law import expect
from nvp.testing.model_case import (
    ModelCase,
    choose_units,
    clear_keep,
    mask_chosen,
    stir,
    watch_outputs,
)
from nvp.training.gradient_rule import GradientRule
from nvp.training.optim import build_optimizer

STEP = OptimConfig(lr=0.01, weight_decay=0.01, noise=1.0, l1=1e-3, clip_norm=1.0)


def masked_units_are_exactly_silent(case: ModelCase) -> None:
    """With its keep bit cleared, a unit puts out exactly 0, whatever its bias and shift."""
    for training in case.modes:
        model = case.make()
        stir(model)
        chosen = choose_units(model)
        clear_keep(model, chosen)
        _, seen = watch_outputs(model.train(training), case.images())
        for group, index in chosen.items():
            for path in prunable_groups(model)[group]:
                loudest = float(seen[path][:, index].detach().abs().max()) if len(index) else 0.0
                expect(
                    loudest == 0,
                    f"0 of every masked unit of {path} (training={training})",
                    f"up to {loudest:g}",
                )


def zeroing_what_touches_a_masked_unit_changes_no_output(case: ModelCase) -> None:
    """The weights of a masked unit and those that read it count for nothing."""
    for training in case.modes:
        silenced, zeroed = (case.make().train(training) for _ in range(2))
        for model in (silenced, zeroed):
            stir(model)
        clear_keep(silenced, mask_chosen(zeroed))
        outputs = []
        for model in (silenced, zeroed):
            torch.manual_seed(1)  # of dropout
            outputs.append(model(case.images()))
        difference = float((outputs[0] - outputs[1]).detach().abs().max())
        expect(
            torch.equal(*outputs),
            f"the same logits with the weights that touch masked units at 0 (training={training})",
            f"logits that differ by up to {difference:g}",
        )


def nan_in_a_masked_unit_passes_nowhere(case: ModelCase) -> None:
    """NaN in the weights of masked units changes no logit; in a kept unit it shows."""
    model = case.make().eval()
    stir(model)
    chosen, x = mask_chosen(model), case.images()
    before, layers, groups = model(x), own_layers(model), prunable_groups(model)
    for group, index in chosen.items():
        poison(layers, groups[group], index)
    after = model(x)
    moved = int((after != before).sum())
    expect(moved == 0, "the same logits with NaN in masked units", f"{moved} that differ")
    last = list(chosen)[-1]
    poison(layers, groups[last], torch.tensor([len(layers[groups[last][0]].keep) - 1]))
    finite = int(model(x).isfinite().sum())
    expect(finite == 0, f"no finite logit with NaN in a kept unit of {last}", f"{finite} of them")


def poison(layers: Mapping[str, NeuronLayer], paths: tuple[str, ...], index: Tensor) -> None:
    """Set the parameters of some neurons to NaN. Changes `layers`."""
    with torch.no_grad():
        for path in paths:
            for parameter in layers[path].own:
                parameter[index] = float("nan")


def masked_weights_stay_zero_in_training(case: ModelCase) -> None:
    """Steps with momentum, decay, noise and L1 move no weight that touches a masked unit."""
    check_masked_weights(case, STEP, steps=5)


def check_masked_weights(case: ModelCase, config: OptimConfig, *, steps: int) -> None:
    """Raise `BrokenLaw` where a weight that touches a masked unit, or a moment of it, is not 0."""
    model = case.make()
    optimizer = build_optimizer(model, config)
    take_steps(model, optimizer, config, case, 3)  # so that there are moments
    touched = list_touching(model, mask_chosen(model, optimizer))
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    for count in (0, steps):
        take_steps(model, optimizer, config, case, count)
        for name, parameter in model.named_parameters():
            mask = touched[name]
            moments = {
                f"{name}, moment {key}": moment
                for key, moment in optimizer.state[parameter].items()
                if isinstance(moment, Tensor) and moment.shape == parameter.shape
            }
            for what, tensor in {name: parameter.detach(), **moments}.items():
                wrong = int(tensor[mask].count_nonzero())
                wanted = f"0 in {what} where it touches masked units, after {count} steps"
                expect(wrong == 0, wanted, f"{wrong} entries that are not")
    still = [n for n, p in model.named_parameters() if torch.equal(p.detach(), before[n])]
    expect(len(still) < len(before), "steps that move the other weights", "no change")


def take_steps(
    model: nn.Module, optimizer: Optimizer, config: OptimConfig, case: ModelCase, count: int
) -> None:
    """Take steps of training on images of noise. Changes `model` and `optimizer`."""
    rule = GradientRule(model, config, live_weights(model))
    rng, labels = torch.Generator().manual_seed(count), torch.arange(8) % case.num_classes
    for step in range(count):
        loss = F.cross_entropy(model.train()(case.images(8, seed=step)), labels)
        optimizer.zero_grad()
        loss.backward()
        rule(rng)
        optimizer.step()


def list_touching(model: nn.Module, units: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return {parameter: True where it belongs to or reads a masked unit}, slow and obvious."""
    names = {id(p): name for name, p in model.named_parameters()}
    layers, groups = own_layers(model), prunable_groups(model)
    found = {name: torch.zeros_like(p, dtype=torch.bool) for name, p in model.named_parameters()}
    for group, index in units.items():
        width = len(layers[groups[group][0]].keep)
        for unit in index.tolist():
            for path in groups[group]:
                for parameter in layers[path].own:
                    found[names[id(parameter)]][unit] = True
            for affine in find_readers(model, group):
                each = affine.weight.shape[1] // width
                for position in range(each):
                    found[names[id(affine.weight)]][:, unit * each + position] = True
    return found
