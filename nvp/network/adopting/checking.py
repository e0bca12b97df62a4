"""The check of what was found: units are masked, then removed, and the outputs must be the same.

Parameters that hold one number only are made random first, and BatchNorm gets the statistics of
the example: a head of zeros, or a scale of 1e-6, would hide every mistake. All of it is put back.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from nvp.config.memory import is_out_of_memory
from nvp.network.adopting.anatomy import Anatomy
from nvp.network.adopting.example import Example, find_tensors
from nvp.network.adopting.inventory import Inventory, take_inventory
from nvp.network.adopting.put_back import masked, removed, replaced_data
from nvp.network.adopting.removing import Place, add_missing, find_gone
from nvp.network.adopting.undisturbed import set_modes, undisturbed

TOLERANCE = 1e-3  # of the change that masking makes; a wrong removal differs by tenths
LEAST_CHANGE = 1e-4  # of the outputs; below it the check would compare rounding
HALF, ONE = "about half", "one"  # how many units of a group stay
FLAT = "masking them changes no output, so that their removal cannot be checked"
DIFFERS = "removing them changes the outputs: by {0:.1%} of what masking them changes"
RANDOM = (
    "two forward passes in eval mode differ, so that no removal can be checked: something draws "
    "random numbers there, as F.dropout does without training=self.training"
)
TOGETHER = "removing them together with others changes the outputs"


def check_by_removal(network: nn.Module, example: Example, anatomy: Anatomy) -> Anatomy:
    """Return the anatomy with the reason at each group that cannot be removed after all.

    The network is left as it was.
    """
    names = [name for name, group in anatomy.groups.items() if not group.why]
    if not names:
        return anatomy
    inputs, guilty, tensors = example.noisy(seed=0), {}, take_inventory(network)
    with undisturbed(network), replaced_data(tensors, random_constants(network)):
        set_statistics(network, inputs)
        check = RemovalCheck(network, tensors, inputs, anatomy, run(network, inputs))
        for units in (HALF, ONE):
            guilty |= check.find_guilty([name for name in names if name not in guilty], units)
    groups = {
        name: replace(group, why=guilty.get(name, group.why))
        for name, group in anatomy.groups.items()
    }
    layers = {
        path: replace(site, why=groups[site.group].why) for path, site in anatomy.layers.items()
    }
    return replace(anatomy, layers=layers, groups=groups)


@dataclass(frozen=True)
class RemovalCheck:
    """Comparisons of masked and removed.

    Attributes:
        network: with constants made random.
        tensors: what it holds.
        inputs: of its forward passes.
        anatomy: what was found.
        plain: what the network puts out.
    """

    network: nn.Module
    tensors: Inventory
    inputs: Example
    anatomy: Anatomy
    plain: Float[Tensor, "n"]

    def find_guilty(self, names: list[str], units: str) -> dict[str, str]:
        """Return {group that cannot be removed: why}, until the others can."""
        guilty: dict[str, str] = {}
        while names and self.explain(names, units):
            if self.is_random:
                return guilty | dict.fromkeys(names, RANDOM)
            found = self.bisect(names, units)
            guilty |= found
            names = [name for name in names if name not in found]
        return guilty

    @cached_property
    def is_random(self) -> bool:
        """Return whether the network puts out other numbers when it is run again."""
        again = run(self.network, self.inputs)
        if again.shape != self.plain.shape:
            return True
        difference = (again - self.plain).abs()
        return bool((difference > 1e-5 * self.plain.abs().amax()).any())  # beyond rounding

    def bisect(self, names: list[str], units: str) -> dict[str, str]:
        """Return the guilty ones of groups that fail together."""
        why = self.explain(names, units)
        if not why or why == FLAT or len(names) == 1:
            return dict.fromkeys(names, why) if why else {}
        half = len(names) // 2
        guilty = self.bisect(names[:half], units) | self.bisect(names[half:], units)
        return guilty or dict.fromkeys(names, TOGETHER)

    def explain(self, names: list[str], units: str) -> str:
        """Return why some groups cannot be removed together; "" where they can."""
        gone: dict[Place, Tensor] = {}
        shapes = self.tensors.shapes
        for name in names:
            group = self.anatomy.groups[name]
            stay = add_missing(shapes, group.slots, choose(name, group.size, units))
            for place, entries in find_gone(group.slots, stay).items():
                gone[place] = torch.cat([gone[place], entries]) if place in gone else entries
        try:  # first, because a removal that fails does so before the end of the forward pass
            with removed(self.tensors, gone):
                cut = run(self.network, self.inputs)
        except Exception as error:  # whatever a forward pass raises on other shapes
            if is_out_of_memory(error):
                raise  # which says nothing of the network
            return (
                f"removing them fails: {type(error).__name__}: {str(error).partition(chr(10))[0]}"
            )
        with masked(self.tensors, gone):
            zeroed = run(self.network, self.inputs)
        return compare(self.plain, zeroed, cut)


def choose(name: str, size: int, units: str) -> Int64[Tensor, "k"]:
    """Return the units of a group that stay: one, or about half of them, in each group others.

    Groups that lose equally many would hide a network that takes it for granted that they do.
    """
    rng = torch.Generator().manual_seed(zlib.crc32(name.encode()))
    share = 0.4 + 0.2 * torch.rand((), generator=rng).item()
    order = torch.randperm(size, generator=rng)
    return order[: 1 if units == ONE else max(1, round(share * size))].sort().values


def run(network: nn.Module, example: Example) -> Float[Tensor, "n"]:
    """Return all numbers that the network puts out."""
    found = [t for t in find_tensors(example.run(network)) if t.is_floating_point()]
    return torch.cat([t.detach().to_dense().flatten().double().nan_to_num() for t in found])


def compare(plain: Tensor, zeroed: Tensor, cut: Tensor) -> str:
    """Return what is wrong with a removal; "" where it equals the masks."""
    if zeroed.shape != cut.shape:
        return "removing them changes the shape of the outputs"
    change = (plain - zeroed).abs().max().item() if len(plain) else 0.0
    if change <= LEAST_CHANGE * plain.abs().max().item() if len(plain) else True:
        return FLAT
    difference = (zeroed - cut).abs().max().item() / change
    return "" if difference <= TOLERANCE else DIFFERS.format(difference)


def random_constants(network: nn.Module) -> dict[str, Callable[[Tensor], Tensor]]:
    """Return {parameter that holds one number only: how to make it random}."""
    return {
        name: make_random
        for name, parameter in network.named_parameters()
        if parameter.is_floating_point() and parameter.numel() and is_constant(parameter)
    }


def is_constant(parameter: Tensor) -> bool:
    """Return whether all entries are the same; a single one counts if it is tiny."""
    first = parameter.detach().flatten()[0]
    if parameter.numel() == 1:
        return bool(first.abs() < 1e-2)
    return bool((parameter.detach() == first).all())


def make_random(parameter: Tensor) -> Tensor:
    """Return random numbers of a parameter's shape: a scale around 1, or a weight."""
    rng = torch.Generator().manual_seed(parameter.numel())
    if parameter.dim() > 1 and (fan_in := parameter[0].numel()) > 1:
        return torch.randn(parameter.shape, generator=rng).to(parameter) / fan_in**0.5
    return 0.5 + torch.rand(parameter.shape, generator=rng).to(parameter)


def set_statistics(network: nn.Module, inputs: Example) -> None:
    """Give each BatchNorm the statistics of one batch. Changes the network's buffers."""
    norms = [m for m in network.modules() if isinstance(m, _BatchNorm) and m.track_running_stats]
    momenta = [norm.momentum for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 1.0
        set_modes(dict.fromkeys(norms, True))
        inputs.run(network)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        set_modes(dict.fromkeys(norms, False))
