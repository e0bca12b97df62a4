"""One network, adopted in a process of its own: what is found, how long it takes, what it gains.

`python -m benchmarks.adopted_network torchvision/resnet18 [PIXELS]` prints one line of JSON.
"""

import json
import resource
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any

import torch
import torchvision
from torch import Tensor, nn

from nvp.network.adopting.anatomy import Anatomy
from nvp.network.adopting.finding import find_anatomy
from nvp.network.adopting.inventory import take_inventory
from nvp.network.adopting.removing import find_gone, find_least, remove_entries
from tests.network.adopting.networks import KNOWN, make_images

LIMIT = 8 * 2**30  # bytes that a process may take
SIZES = (64, 56, 224, 299)  # pixels; the first one that a network takes
ROUNDS, BATCH = 5, 8
Made = tuple[nn.Module, Any]


def make_torchvision(name: str, pixels: int) -> Made:
    """Return a classifier of torchvision with random weights, and an image."""
    more: dict[str, Any] = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
    if name.startswith("vit"):
        more["image_size"] = pixels
    network = torchvision.models.get_model(name, weights=None, **more)
    return network, torch.randn(1, 3, pixels, pixels)


def make_timm(name: str, pixels: int) -> Made:
    """Return a classifier of timm with random weights, and an image."""
    import timm

    more: dict[str, Any] = {"img_size": pixels} if "patch" in name else {}
    return timm.create_model(name, pretrained=False, **more), torch.randn(1, 3, pixels, pixels)


def make_hf(name: str, pixels: int) -> Made:
    """Return a classifier of text of two layers, made from a configuration, and two texts."""
    import transformers

    common: dict[str, Any] = {"vocab_size": 200, "num_labels": 3, "pad_token_id": 0}
    size: dict[str, Any] = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
    makers: dict[str, Callable[[], nn.Module]] = {
        "bert": lambda: transformers.BertForSequenceClassification(
            transformers.BertConfig(**common, **size, intermediate_size=64)
        ),
        "distilbert": lambda: transformers.DistilBertForSequenceClassification(
            transformers.DistilBertConfig(**common, dim=32, n_layers=2, n_heads=4, hidden_dim=64)
        ),
        "gpt2": lambda: transformers.GPT2ForSequenceClassification(
            transformers.GPT2Config(**common, n_embd=32, n_layer=2, n_head=4)
        ),
        "llama": lambda: transformers.LlamaForSequenceClassification(
            transformers.LlamaConfig(**common, **size, intermediate_size=64)
        ),
    }
    ids = torch.randint(1, 200, (2, 12), generator=torch.Generator().manual_seed(0))
    return makers[name](), {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def make_own(name: str, pixels: int) -> Made:
    """Return a small network of the tests, and images."""
    return KNOWN[name].make(), make_images(2).float()


MAKERS = {"torchvision": make_torchvision, "timm": make_timm, "hf": make_hf, "own": make_own}


def make(name: str, sizes: tuple[int, ...] = SIZES) -> Made:
    """Return a network and an example, of the first size in pixels that it takes."""
    kind, _, rest = name.partition("/")
    for pixels in sizes:
        torch.manual_seed(0)
        try:
            network, example = MAKERS[kind](rest, pixels)
            with torch.no_grad():
                run(network.eval(), example)
            return network, example
        except (RuntimeError, AssertionError, ValueError) as error:
            if "allocate" in str(error) or pixels == sizes[-1]:
                raise
    raise AssertionError("there is a last size")


def run(network: nn.Module, example: Any) -> Any:
    return network(**example) if isinstance(example, dict) else network(example)


def grow(example: Any) -> Any:
    """Return an example of `BATCH` images or texts."""
    if isinstance(example, dict):
        return {key: grow(value) for key, value in example.items()}
    return torch.cat([example] * (BATCH // len(example)))


def seconds(network: nn.Module, example: Any) -> float:
    """Return the median CPU seconds of a forward pass in eval mode, on one thread."""
    found = []
    with torch.no_grad():
        for _ in range(ROUNDS + 1):
            start = process_time()
            run(network.eval(), example)
            found.append(process_time() - start)
    return median(found[1:])


def halve(network: nn.Module, anatomy: Anatomy) -> None:
    """Remove a random half of the units of each group. Changes the network."""
    gone: dict[tuple[str, int], Tensor] = {}
    rng = torch.Generator().manual_seed(0)
    for group in anatomy.groups.values():
        if not group.why:
            stay = torch.randperm(group.size, generator=rng)[: (group.size + 1) // 2].sort().values
            stay = find_least(network, group.slots, stay)
            for place, entries in find_gone(group.slots, stay).items():
                gone[place] = torch.cat([gone.get(place, entries[:0]), entries])
    remove_entries(take_inventory(network), gone)


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def peak() -> int:
    """Return the most memory that this process has taken so far, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure(name: str, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Return what is known about a network after adopting and halving it."""
    before = peak()
    network, example = make(name, sizes)
    start = process_time()
    anatomy = find_anatomy(network, example)
    taken, size = process_time() - start, count(network)
    memory = (peak() - before) / (4 * size)
    groups = [group for group in anatomy.groups.values() if not group.why]
    many = grow(example)
    whole = seconds(network, many)
    halve(network, anatomy)
    return {
        "name": name,
        "layers": len(anatomy.layers),
        "prunable": sum(not site.why for site in anatomy.layers.values()),
        "units": sum(group.size for group in groups),
        "seconds": taken,
        "memory": memory,
        "left": count(network) / size,
        "gain": whole / seconds(network, many),
        "reasons": Counter(site.why for site in anatomy.layers.values() if site.why),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    find_anatomy(nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2)), torch.ones(2, 2))
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT, LIMIT))
    sizes = tuple(int(pixels) for pixels in sys.argv[2:]) or SIZES
    print(json.dumps(measure(sys.argv[1], sizes)))
