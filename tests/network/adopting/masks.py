"""Masking by hand, for tests: all entries of some units are 0, and their gradients too."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from nvp.network.adopting.anatomy import Anatomy
from nvp.network.adopting.inventory import take_inventory
from nvp.network.adopting.removing import Place, find_gone, find_least, remove_entries
from nvp.network.entries import zero_entries

Trained = tuple[nn.Module, Optimizer]
OPTIMS = ("sgd", "adamw")


def make_optimizer(network: nn.Module, kind: str, lr: float = 1e-3) -> Optimizer:
    if kind == "sgd":
        return torch.optim.SGD(network.parameters(), lr=lr, momentum=0.9, weight_decay=1e-3)
    return torch.optim.AdamW(network.parameters(), lr=lr)


def choose_gone(
    network: nn.Module, anatomy: Anatomy, share: float, seed: int = 0
) -> dict[Place, Tensor]:
    """Return the entries to go: of each group that can be pruned a share of the units stays."""
    rng, gone = torch.Generator().manual_seed(seed), {}
    for group in anatomy.groups.values():
        if not group.why:
            count = max(1, round(share * group.size))
            stay = torch.randperm(group.size, generator=rng)[:count].sort().values
            stay = find_least(network, group.slots, stay)
            for place, entries in find_gone(group.slots, stay).items():
                gone[place] = torch.cat([gone.get(place, entries[:0]), entries])
    return gone


def mask(trained: Trained, gone: dict[Place, Tensor]) -> Trained:
    """Return a copy with entries of parameters and moments at 0, which stay there."""
    network, optimizer = copy.deepcopy(trained)
    parameters = dict(network.named_parameters())
    for (name, dim), entries in gone.items():
        if name in parameters:
            zero_entries(parameters[name], optimizer, entries, dim=dim)
            if parameters[name].requires_grad:
                parameters[name].register_hook(
                    lambda grad, dim=dim, entries=entries: grad.index_fill(dim, entries, 0)
                )
    return network, optimizer


def remove(trained: Trained, gone: dict[Place, Tensor]) -> Trained:
    """Return a copy without some entries."""
    network, optimizer = copy.deepcopy(trained)
    remove_entries(take_inventory(network), gone, optimizer)
    return network, optimizer


def learn(trained: Trained, images: Tensor, steps: int) -> None:
    """Take plain steps in train mode with dropout off. Changes network and optimizer."""
    network, optimizer = trained
    network.train()
    for module in network.modules():
        if "drop" in type(module).__name__.lower() or type(module).__name__ == "StochasticDepth":
            module.training = False
    for step in range(steps):
        torch.manual_seed(step)
        outputs = logits_of(network(images))
        loss = F.cross_entropy(outputs, torch.arange(len(images)) % outputs.shape[1])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def logits_of(outputs: object) -> Tensor:
    if isinstance(outputs, tuple) and hasattr(outputs, "logits"):  # with auxiliary heads
        heads = [head for head in outputs if isinstance(head, Tensor)]
        return torch.stack(heads).sum(0)
    return outputs if isinstance(outputs, Tensor) else outputs.logits  # type: ignore[attr-defined]


def difference(one: nn.Module, other: nn.Module, images: Tensor) -> float:
    """Return the largest difference of two networks' outputs in eval mode, relative to them."""
    with torch.no_grad():
        left, right = (logits_of(network.eval()(images)) for network in (one, other))
    return ((left - right).abs().max() / left.abs().max()).item()
