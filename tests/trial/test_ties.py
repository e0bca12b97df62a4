"""Networks that have one tensor under several names: checkpoints, removal, export keep the ties."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import nvp
from nvp.config.trial_config import TrialConfig
from nvp.data.ready_inputs import ReadyInputs
from nvp.network.adopted.adopted import Adopted
from nvp.network.ties import drop_ties, find_first_names, restore_ties
from nvp.network.train_state import TrainState
from nvp.pruning.sensitivity import Sensitivity
from nvp.storage.store import Storage
from nvp.training.optim import build_optimizer
from nvp.training.record import EpochRecord
from nvp.trial.checkpoint import list_tensors
from tests.continuing import check_continued
from tests.in_turn import in_turn
from tests.network.adopted.test_trials import SETTINGS, run

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
CLASSES, WIDTH = 6, 8


class TiedHead(nn.Module):
    """A language model in small: pixels are words, and the head has the weight of the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(CLASSES, WIDTH)
        self.hidden, self.back = nn.Linear(WIDTH, 12), nn.Linear(12, WIDTH)
        self.head = nn.Linear(WIDTH, CLASSES, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        words = (x.flatten(1) * CLASSES).long().clamp(0, CLASSES - 1)
        return self.head(self.back(self.hidden(self.embedding(words)).relu()).mean(1))


class SharedLayer(nn.Module):
    """One block under two names, and two layers of one weight."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, WIDTH, 3, padding=1)
        self.one = nn.Sequential(nn.Conv2d(WIDTH, WIDTH, 3, padding=1), nn.BatchNorm2d(WIDTH))
        self.again = self.one
        self.left, self.right = nn.Linear(WIDTH, WIDTH), nn.Linear(WIDTH, WIDTH)
        self.right.weight = self.left.weight
        self.head = nn.Linear(WIDTH, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.again(self.one(self.stem(x).relu()).relu()).relu().mean((2, 3))
        return self.head(self.right(self.left(x).relu()).relu())


def list_ties(network: Adopted) -> list[tuple[bool, ...]]:
    """Return, of each pair of names that is tied at first, whether it is one tensor still."""
    inside = network.module
    if isinstance(inside, TiedHead):
        return [(inside.head.weight is inside.embedding.weight,)]
    assert isinstance(inside, SharedLayer)
    return [(inside.again is inside.one, inside.right.weight is inside.left.weight)]


CASES = {
    "shrunk": {"prune.method": "magnitude", "prune.shrink": "always"},
    "weights": {"prune.method": "rigl", "optim.name": "adamw", "optim.lr": 0.01},
    "unpruned": {"optim.momentum": 0.9},
}


def make_state(make: Callable[[], nn.Module], config: TrialConfig) -> TrainState:
    torch.manual_seed(0)
    network = nvp.adopt(make(), torch.zeros(2, 3, 8, 8))
    return TrainState(network, build_optimizer(network, config.optim))


@pytest.mark.parametrize(("case", "make"), in_turn(CASES, [TiedHead, SharedLayer]))
def test_continued_equals_unbroken_and_stays_tied(
    case: str, make: Callable[[], nn.Module], tmp_path: Path
) -> None:
    config = TrialConfig().with_overrides(SETTINGS | {"epochs": 2} | CASES[case])

    def train(state: TrainState) -> Iterator[EpochRecord]:
        assert all(all(pair) for pair in list_ties(state.model))  # type: ignore[arg-type]
        return run(config, state)

    storage = Storage.at(str(tmp_path))
    _, state, _ = check_continued(partial(make_state, make, config), train, 1, storage)
    assert all(all(pair) for pair in list_ties(state.model))  # type: ignore[arg-type]
    if case == "shrunk":
        assert sum(p.numel() for p in state.model.parameters()) < sum(
            p.numel() for p in make().parameters()
        )


@pytest.mark.parametrize("make", [TiedHead, SharedLayer])
def test_a_tied_tensor_is_saved_once(make: Callable[[], nn.Module]) -> None:
    state = make_state(make, TrialConfig())
    names = [name for name in list_tensors(state) if name.startswith("model/module.")]
    own = [*state.model.named_parameters(), *state.model.named_buffers()]
    assert len(names) == sum(name.startswith("module.") for name, _ in own)


@pytest.mark.parametrize("make", [TiedHead, pytest.param(SharedLayer, marks=pytest.mark.minutes)])
def test_the_original_has_its_tensors_back_and_the_export_all_names(
    make: Callable[[], nn.Module], tmp_path: Path
) -> None:
    network = nvp.adopt(make(), torch.rand(2, 3, 8, 8))
    nvp.prune(network, method="magnitude", images=torch.rand(8, 3, 8, 8))
    fresh = make()
    fresh.load_state_dict(network.module.state_dict())
    nvp.export(network, (3, 8, 8), tmp_path)
    nvp.shrink(network)
    assert all(all(pair) for pair in list_ties(network))
    tensors, expected = load_file(tmp_path / "network.safetensors"), network.module.state_dict()
    assert tensors.keys() == expected.keys()
    assert all(torch.equal(tensors[name], tensor) for name, tensor in expected.items())


def test_only_what_is_one_tensor_is_tied() -> None:
    whole = torch.arange(6.0)
    tensors = {
        **{"a": whole, "b": whole.detach(), "first half": whole[:3], "rows": whole.view(2, 3)},
        **{"empty": torch.empty(0), "other empty": torch.empty(0), "equal": whole.clone()},
    }
    tied = {name: first for name, first in find_first_names(tensors).items() if name != first}
    assert tied == {"b": "a"}
    assert restore_ties(drop_ties(tensors), tensors).keys() == tensors.keys()


@pytest.mark.parametrize("make", [TiedHead, SharedLayer])
def test_derivatives_count_every_use_of_a_tied_weight_and_leave_the_network_alone(
    make: Callable[[], nn.Module],
) -> None:
    torch.manual_seed(0)
    network = nvp.adopt(make().double(), torch.rand(2, 3, 8, 8).double())
    pixels = torch.rand(6, 3, 8, 8).double()
    before = dict(network.named_parameters(remove_duplicate=False))
    inputs = ReadyInputs(pixels, torch.arange(6) % 3)
    found = Sensitivity(network, inputs).gradients
    after = dict(network.named_parameters(remove_duplicate=False))
    assert all(after[name] is parameter for name, parameter in before.items())
    nn.functional.cross_entropy(network.eval()(pixels), torch.arange(6) % 3).backward()
    for name, slope in found.items():
        expected = network.get_parameter(name).grad
        assert expected is not None
        assert torch.allclose(slope, expected, atol=1e-12), name
