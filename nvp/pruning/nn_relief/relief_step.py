"""NN Relief as a criterion, and as a step that masks connections and neurons by one pass."""

import logging
from dataclasses import dataclass, field

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from nvp.config.trial_config import PruneConfig
from nvp.data.batches import normalise_pixels
from nvp.data.ready_inputs import ReadyInputs
from nvp.data.splits import Images
from nvp.network.adopted.adopted import INSIDE, Adopted
from nvp.network.groups import find_groups, find_own_layer, prunable_groups
from nvp.network.neuron_masks import mask_units
from nvp.network.weight_masks import mask_weights, parameter_masks
from nvp.pruning.evidence import Evidence
from nvp.pruning.measuring_point import MeasuringPoint, Units
from nvp.pruning.nn_relief.adopted_relief import find_lost_units, run_adopted_relief
from nvp.pruning.nn_relief.relief import Relief, run_nn_relief

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReliefCriterion:
    """1 for a weight that NN Relief keeps, else 0; one pass serves all weights of a network."""

    config: PruneConfig
    found: list[Relief] = field(default_factory=list)

    def __call__(self, evidence: Evidence) -> Float[Tensor, "f ..."]:
        if not self.found:
            self.found.append(
                run_pass(evidence.network.model, evidence.network.images, self.config)
            )
        keep = self.found[0].weights.get(evidence.weight_name)
        weight = evidence.weight
        return torch.ones_like(weight) if keep is None else keep.to(weight.dtype)


def run_pass(model: nn.Module, images: Images | ReadyInputs, config: PruneConfig) -> Relief:
    """Return the masks of one pass over `images`."""
    pixels = normalise_pixels(images.pixels, images)
    if pixels.is_floating_point():  # tokens are whole numbers
        pixels = pixels.to(next(model.parameters()).dtype)
    conv, fc, norm = config.alpha_conv, config.alpha_fc, config.position_norm
    if isinstance(model, Adopted):
        return run_adopted_relief(model, pixels, alpha_conv=conv, alpha_fc=fc, norm=norm)
    return run_nn_relief(model, pixels, alpha_conv=conv, alpha_fc=fc, norm=norm)


def mask_by_relief(point: MeasuringPoint, config: PruneConfig) -> Units:
    """Mask the connections that one pass removes, and the units that lose all of theirs.

    Changes the point.

    Returns:
        {group: the units newly masked}; a unit has to be gone from every layer of its group.
    """
    relief = run_pass(point.model, point.images, config)
    if relief.untouched and not parameter_masks(point.model):  # said at the first pass
        for name, why in relief.untouched.items():
            log.warning("nn_relief leaves %s as it is: %s", name.removeprefix(INSIDE), why)
    for name, keep in relief.weights.items():
        if not bool(keep.all()):
            mask_weights(point.model, point.optimizer, name, keep)
    for path, keep in relief.residuals.items():
        find_own_layer(point.model, path).residual_keep &= keep
    masked = {}
    lost = find_lost(point.model, relief)
    for name, group in find_groups(point.model).items():
        new = (lost[name] & group.keep).nonzero().flatten()
        if len(new):
            mask_units(point.model, point.optimizer, name, new)
            masked[name] = new
    return masked


def find_lost(model: nn.Module, relief: Relief) -> dict[str, Bool[Tensor, "u"]]:
    """Return {group: the units of which a pass leaves nothing}."""
    if isinstance(model, Adopted):
        return find_lost_units(model, relief)
    return {
        group: torch.stack([find_emptied(model, path, relief) for path in paths]).all(0)
        for group, paths in prunable_groups(model).items()
    }


def find_emptied(model: nn.Module, path: str, relief: Relief) -> Tensor:
    """Return the mask of a layer's neurons that have no input, bias or shift any more."""
    layer = find_own_layer(model, path)
    kept = torch.zeros_like(layer.keep)
    for name, parameter in layer.named_parameters(prefix=path):
        if name in relief.weights:
            kept |= relief.weights[name].flatten(1).any(1) if parameter.dim() > 1 else (
                relief.weights[name]
            )  # fmt: skip
        else:
            kept |= True  # this norm loses no neuron, so the shift of each is still there
    return ~kept
