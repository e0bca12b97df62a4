"""NN Relief as a criterion, and as a step that masks connections and neurons by one pass."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nvp.config.trial_config import PruneConfig
from nvp.data.batches import normalise_pixels
from nvp.data.ready_inputs import ReadyInputs
from nvp.data.splits import Images
from nvp.network.groups import own_layers, prunable_groups
from nvp.network.neuron_masks import mask_units
from nvp.network.weight_masks import mask_weights
from nvp.pruning.evidence import Evidence
from nvp.pruning.measuring_point import MeasuringPoint, Units
from nvp.pruning.nn_relief.relief import Relief, run_nn_relief


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
        return self.found[0].weights[evidence.weight_name].to(evidence.weight.dtype)


def run_pass(model: nn.Module, images: Images | ReadyInputs, config: PruneConfig) -> Relief:
    """Return the masks of one pass over `images`."""
    pixels = normalise_pixels(images.pixels, images).to(next(model.parameters()).dtype)
    return run_nn_relief(
        model,
        pixels,
        alpha_conv=config.alpha_conv,
        alpha_fc=config.alpha_fc,
        norm=config.position_norm,
    )


def mask_by_relief(point: MeasuringPoint, config: PruneConfig) -> Units:
    """Mask the connections that one pass removes, and the units that lose all of theirs.

    Changes the point.

    Returns:
        {group: the units newly masked}; a unit has to be gone from every layer of its group.
    """
    relief = run_pass(point.model, point.images, config)
    layers = own_layers(point.model)
    for name, keep in relief.weights.items():
        if not bool(keep.all()):
            mask_weights(point.model, point.optimizer, name, keep)
    for path, keep in relief.residuals.items():
        layers[path].residual_keep &= keep
    masked = {}
    for group, paths in prunable_groups(point.model).items():
        gone = torch.stack([find_emptied(point.model, path, relief) for path in paths]).all(0)
        new = (gone & layers[paths[0]].keep).nonzero().flatten()
        if len(new):
            mask_units(point.model, point.optimizer, group, new)
            masked[group] = new
    return masked


def find_emptied(model: nn.Module, path: str, relief: Relief) -> Tensor:
    """Return the mask of a layer's neurons that have no input, bias or shift any more."""
    layer = own_layers(model)[path]
    kept = torch.zeros_like(layer.keep)
    for name, parameter in layer.named_parameters(prefix=path):
        if name in relief.weights:
            kept |= relief.weights[name].flatten(1).any(1) if parameter.dim() > 1 else (
                relief.weights[name]
            )  # fmt: skip
        else:
            kept |= True  # this norm loses no neuron, so the shift of each is still there
    return ~kept
