"""Heads of attention: followed from the product that makes them to the weight that reads them.

Beside each tensor runs an integer tensor of its shape, as in the labelled pass: `WEIGHTS` where
weights of attention are, and behind their product with the values the number of the image, window
and head that an entry comes from. Such numbers are no slots: heads join nothing, and stop nothing.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int64
from torch import Tensor

from nvp.config.memory import is_out_of_memory
from nvp.network.adopting.activations import ModulePath
from nvp.network.adopting.anatomy import IMAGES_LAST, Heads
from nvp.network.adopting.flow.operation import Operation
from nvp.network.adopting.flow.rules import elementwise, movement
from nvp.network.adopting.flow.slot_table import SlotTable
from nvp.network.adopting.flow.trails import Trail, Trails
from nvp.network.adopting.readings import PRODUCTS, Reading, list_readings

WEIGHTS = -1
SOFTMAX = ("_softmax", "_safe_softmax", "softmax", "_masked_softmax")
ATTENTION = "_scaled_dot_product"  # so begin the names of the operations that do all in one


@dataclass(frozen=True)
class Core:
    """A product of weights of attention with values: its place, and the numbers of its heads."""

    module: str
    first: int
    count: int


class HeadFlow:
    """Follows the operations of one forward pass.

    Attributes:
        found: {path: heads} of the cores whose output a weight reads.
    """

    def __init__(self, table: SlotTable, path: ModulePath, images: int) -> None:
        """Make one for a forward pass of so many images."""
        self.table, self.path, self.images = table, path, images
        self.trails = Trails()
        self.cores: list[Core] = []
        self.read_cores: set[Core] = set()
        self.reads: Counter[str] = Counter()
        self.found: dict[str, Heads] = {}

    def follow(self, operation: Operation) -> None:
        """Give the operation's outputs their numbers, and note the weight that reads some."""
        try:
            self.follow_known(operation)
        except Exception as error:  # of a rule, on arguments that it was not written for
            if is_out_of_memory(error):
                raise

    def follow_known(self, operation: Operation) -> None:
        """Do what `follow` does; raises where an operation is called in an unknown way."""
        readings = list_readings(operation.name, operation.args)
        owned = [one for one in readings if self.table.owner(one.weight) is not None]
        for reading in owned[:1]:
            self.reads[self.table.axis(reading.weight, reading.columns)[0]] += 1
        if operation.name in SOFTMAX:
            self.put(operation.output, torch.tensor(WEIGHTS, dtype=torch.int32))
        elif operation.name.startswith(ATTENTION):
            self.begin(operation.outputs[0])
        elif any(self.trail(tensor) for tensor in operation.inputs):
            self.pass_on(operation, owned)

    def pass_on(self, operation: Operation, owned: list[Reading]) -> None:
        """Pass numbers on, as the operation moves the entries beside them."""
        if operation.name in PRODUCTS:
            weights = [trail for t in operation.inputs if (trail := self.trail(t))]
            if owned:
                self.read(owned[0])
            elif any(bool((trail.slots == WEIGHTS).all()) for trail in weights):
                self.begin(operation.output)
        elif rule := movement.RULES.get(operation.name):
            rule(self, operation)
        elif operation.is_elementwise or operation.name in elementwise.RULES:
            output = operation.outputs[0]
            for trail in [t for one in operation.inputs if (t := self.trail(one))][:1]:
                self.put(output, trail.slots)

    def begin(self, output: Tensor) -> None:
        """Number the heads of a core's output: all but its last two dimensions tell them apart."""
        first = 1 + sum(core.count for core in self.cores)
        leading = output.shape[:-2]
        self.cores.append(Core(self.path.innermost, first, leading.numel()))
        numbers = torch.arange(first, first + leading.numel(), dtype=torch.int32)
        self.put(output, numbers.view(*leading, 1, 1).to(output.device))

    def put(self, output: Tensor, numbers: Tensor) -> None:
        """Let numbers run beside a tensor, expanded to its shape."""
        self.trails.put(output, Trail(numbers.to(output.device).expand(output.shape)))

    def read(self, reading: Reading) -> None:
        """Note the heads that a weight reads, if each column reads one head of each image."""
        trail = self.trail(reading.inputs)
        numbers = reading.as_rows(trail.slots).cpu().long() if trail else torch.zeros(1, 1)
        core, columns = self.find_core(int(numbers.flatten()[0])), split_columns(numbers)
        owner = self.table.owner(reading.weight)
        if core is None or columns is None or owner is None or core in self.read_cores:
            return
        outer = find_images(numbers[:, columns[:, 0]] - core.first, core.count, self.images)
        if outer is not None and owner.tensor.numel() == reading.weight.numel():
            self.read_cores.add(core)
            same = sum(heads.module == core.module for heads in self.found.values())
            path = f"{core.module or 'forward'}#heads{same or ''}"
            name, dim = self.table.axis(reading.weight, reading.columns)
            call = self.reads[name] - 1
            self.found[path] = Heads(core.module, name, dim, call, columns, outer)

    def find_core(self, number: int) -> Core | None:
        """Return the core that a number is of."""
        cores = [c for c in self.cores if c.first <= number < c.first + c.count]
        return cores[0] if cores else None

    def trail(self, value: Any) -> Trail | None:
        """Return the numbers beside a tensor; None for anything else."""
        return self.trails.get(value) if isinstance(value, Tensor) else None

    trail_of_any = trail

    def is_owned(self, value: Any) -> bool:
        """Return False: no number is a parameter's."""
        return False


def split_columns(numbers: Int64[Tensor, "r c"]) -> Int64[Tensor, "h e"] | None:
    """Return the columns of each head; None where rows differ in it, or heads in their size."""
    heads, index = numbers[0].unique(return_inverse=True)
    sizes = index.bincount()
    if bool((numbers <= 0).any()) or bool((sizes != sizes[0]).any()):
        return None
    columns = index.argsort(stable=True).view(len(heads), -1)
    first = numbers[:, columns[:, :1].flatten()]
    same = bool((numbers[:, columns] == first[:, :, None]).all())
    return columns if same and bool((first.diff(dim=1) > 0).all()) else None


def find_images(numbers: Int64[Tensor, "r h"], count: int, images: int) -> int | None:
    """Return how many blocks of rows lie before the images; None where they lie otherwise.

    Args:
        numbers: of the head that each row reads, from 0, in the order of the core's batch.
        count: how many numbers there are.
        images: how many images there are, the first or the last dimension of the core's batch.
    """
    if count % images or len(numbers) % images:
        return None
    for image in (numbers // (count // images), numbers % images):
        if bool((image == image[:, :1]).all()):
            own = image[:, 0]
            later = (own != own[0]).nonzero().flatten()
            run = int(later[0]) if len(later) else len(own)
            if torch.equal(own, torch.arange(len(own)) // run % images):
                outer = len(own) // (run * images)
                return IMAGES_LAST if run == 1 and outer > 1 else outer
    return None
