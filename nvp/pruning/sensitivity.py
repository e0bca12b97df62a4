"""Sensitivity: derivatives of the whole network over a few images, each computed at most once.

Everything is measured without augmentation and dropout, on cross entropy, mean over the images.
Batch normalisation uses its running statistics, but those of the images on the initial network,
which has none yet: with means 0 and variances 1 another network would be measured.
Source: Verdenius et al., "Pruning via iterative ranking of sensitivity statistics", 2020 (gates);
Tanaka et al., "Pruning neural networks without any data", 2020 (synaptic flow).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from nvp.data.batches import eval_batches
from nvp.data.ready_inputs import ReadyInputs
from nvp.data.seen_classes import close_unseen, find_seen
from nvp.data.splits import Images
from nvp.network.groups import neuron_layers
from nvp.network.tap import tap
from nvp.network.ties import call_with
from nvp.network.weight_masks import live_weights, prunable_weights
from nvp.pruning.derivatives import Batch, Loss, as_channels, gradient, hessian_product, join_single
from nvp.vitality.observe import in_eval_mode


@dataclass(eq=False)
class Sensitivity:
    """Derivatives of the loss; leaves the model as it was. Make a new one when the model moves.

    The model computes with detached copies of its tensors (`call_with`), so neither its
    gradients nor its requires_grad count; the results have its dtype and device.
    """

    model: nn.Module
    images: Images | ReadyInputs
    batch_statistics: bool = False
    _products: dict[float, dict[str, Tensor]] = field(default_factory=dict, init=False, repr=False)

    @contextmanager
    def _measuring(self) -> Iterator[None]:
        norms = [m for m in self.model.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
        norms = [norm for norm in norms if norm.track_running_stats and self.batch_statistics]
        # attention has other ways to compute, which have no second derivative
        with in_eval_mode(self.model), torch.enable_grad(), sdpa_kernel(SDPBackend.MATH):
            for norm in norms:
                norm.training, norm.track_running_stats = True, False  # buffers stay as they are
            try:
                yield
            finally:
                for norm in norms:
                    norm.training, norm.track_running_stats = False, True

    @cached_property
    def gradients(self) -> dict[str, Tensor]:
        """Return {weight name: dL/dW} of every convolution and linear map, logits included.

        Dense: a weight that is masked by itself has one too (0 where its neuron is masked).
        """
        return self._gradient(1.0)

    def hessian_gradients(self, temperature: float = 1.0) -> dict[str, Tensor]:
        """Return {weight name: H g}, both over all weights that are not masked.

        Args:
            temperature: what the logits are divided by, > 0.
        """
        if temperature not in self._products:
            self._products[temperature] = self._hessian_gradient(temperature)
        return self._products[temperature]

    @cached_property
    def gates(self) -> dict[str, Tensor]:
        """Return {path: dL/dc, (f,)}; c = 1 multiplies the output of each layer of neurons."""
        with self._measuring():
            return gradient(self._gated_loss, self._ones, self._batches())

    @cached_property
    def gate_hessian_gradients(self) -> dict[str, Tensor]:
        """Return {path: H g, (f,)}: Hessian and gradient over all gates of the network."""
        gates = self.gates
        with self._measuring():
            return hessian_product(self._gated_loss, self._ones, gates, self._batches())

    @cached_property
    def synflow(self) -> dict[str, Tensor]:
        """Return {weight name: |W| * dR/d|W|}, float64: one round of synaptic flow.

        R is the sum of the outputs for an image of ones, with every parameter and every buffer
        of batch normalisation (so the running mean too) at its absolute value, as in the
        authors' code; on a fresh network the buffers are 0 and 1 anyway.
        """
        state = {
            name: tensor.detach().double().abs() if tensor.is_floating_point() else tensor
            for name, tensor in [*self.model.named_parameters(), *self.model.named_buffers()]
        }
        weights = {name: state[name].requires_grad_() for name in prunable_weights(self.model)}
        pixels = self.images.pixels.new_ones((1, *self.images.shape), dtype=torch.float64)
        with in_eval_mode(self.model), torch.enable_grad():
            flow = call_with(self.model, state, pixels).sum()
            slopes = torch.autograd.grad(flow, list(weights.values()), materialize_grads=True)
        return {
            name: weight.detach() * slope
            for (name, weight), slope in zip(weights.items(), slopes, strict=True)
        }

    @cached_property
    def largest_flow(self) -> Tensor:
        """Return the largest value of `synflow` in the network."""
        return torch.stack([scores.max() for scores in self.synflow.values()]).max()

    def maps(self, path: str) -> Float[Tensor, "n f *positions"]:
        """Return the outputs of a layer for every image; the first call measures all layers."""
        return self._maps[path]

    @cached_property
    def _maps(self) -> dict[str, Tensor]:
        layers = neuron_layers(self.model)
        seen: dict[str, list[Tensor]] = {path: [] for path in layers}
        # a copy, because the network may write into it later
        watch = tap(self.model, lambda path, output: seen[path].append(output.clone()))
        with in_eval_mode(self.model), torch.no_grad(), watch:
            for pixels, _ in self._batches():
                self.model(pixels)
        return {path: torch.cat(parts) for path, parts in seen.items()}

    @cached_property
    def _parameters(self) -> dict[str, Tensor]:
        return {name: tensor.detach() for name, tensor in self.model.named_parameters()}

    @cached_property
    def _weights(self) -> dict[str, Tensor]:
        names = prunable_weights(self.model)
        return {name: self._parameters[name].detach().requires_grad_() for name in names}

    @cached_property
    def _ones(self) -> dict[str, Tensor]:
        return {
            path: layer.weight.new_ones(len(layer.keep), requires_grad=True)
            for path, layer in neuron_layers(self.model).items()
        }

    def _batches(self) -> Iterator[Batch]:
        dtype = next(self.model.parameters()).dtype
        batches = eval_batches(self.images)
        floats = (
            (pixels.to(dtype) if pixels.is_floating_point() else pixels, labels)
            for pixels, labels in batches
        )
        return join_single(floats, self.model)

    def _gradient(self, temperature: float) -> dict[str, Tensor]:
        with self._measuring():
            return gradient(self._weight_loss(temperature), self._weights, self._batches())

    def _hessian_gradient(self, temperature: float) -> dict[str, Tensor]:
        slopes = self.gradients if temperature == 1 else self._gradient(temperature)
        live = live_weights(self.model)
        vector = {name: slope * live[name] for name, slope in slopes.items()}
        loss = self._weight_loss(temperature)
        with self._measuring():
            return hessian_product(loss, self._weights, vector, self._batches())

    def _weight_loss(self, temperature: float) -> Loss:
        return partial(self._loss, self._parameters | self._weights, temperature=temperature)

    def _gated_loss(self, pixels: Tensor, labels: Tensor) -> Tensor:
        def gate(path: str, output: Tensor) -> Tensor:
            return output * as_channels(self._ones[path], output)

        with tap(self.model, gate):
            return self._loss(self._parameters, pixels, labels)

    def _loss(
        self, tensors: dict[str, Tensor], pixels: Tensor, labels: Tensor, temperature: float = 1.0
    ) -> Tensor:
        logits = close_unseen(call_with(self.model, tensors, pixels), find_seen(self.images))
        logits = logits / temperature
        return F.cross_entropy(logits, labels, reduction="sum") / len(self.images)
