"""Cases that were computed by hand, one or more for each remedy, and the slow references."""

import random
from functools import partial

import pytest
import torch
from torch import nn
from torch.optim import SGD, Adam, AdamW

from nvp.network.neuron_layer import NeuronLayer
from nvp.network.train_state import TrainState
from nvp.remedies import REMEDIES, Treated
from nvp.remedies.cbp import ContinualBackprop
from nvp.remedies.l2_init import INITIAL
from nvp.remedies.maturity import Maturity
from nvp.remedies.neuron_reset import NeuronReset
from nvp.remedies.redo import find_dormant
from nvp.remedies.snr import SelfNormalisedResets, follow_silences
from nvp.training.optim import take_step
from tests.references import remedies as slow
from tests.remedies.treated import config_of, data, treat


class Two(nn.Module):
    """Two hidden layers of given widths, and a head."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        pairs = list(zip(widths, widths[1:-1], strict=False))
        self.hidden = nn.ModuleList(NeuronLayer(nn.Linear(a, b), None, nn.ReLU()) for a, b in pairs)
        self.head = nn.Linear(*widths[-2:])
        readers = [*(f"hidden.{k}" for k in range(1, len(pairs))), "head"]
        self.reads = {path: f"hidden.{k}" for k, path in enumerate(readers)}

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


def treated(model: nn.Module, optimizer: torch.optim.Optimizer, **changes) -> Treated:
    return Treated(config_of(**changes), TrainState(model, optimizer), data().train, 10)


# --- ReDo


@pytest.mark.parametrize(
    ("tau", "expected"), [(0.025, []), (0.1, [2]), (-1.0, []), (1.0, [1, 2, 3])]
)
def test_redo_of_four_means(tau: float, expected: list[int]) -> None:
    means, keep = torch.tensor([2.0, 1.0, 0.03, 0.97]), torch.ones(4, dtype=torch.bool)
    assert find_dormant(means, keep, tau).nonzero().flatten().tolist() == expected


def test_redo_of_a_single_neuron_a_dead_layer_and_a_masked_one() -> None:
    one = torch.ones(1, dtype=torch.bool)
    assert not find_dormant(torch.tensor([0.3]), one, 0.9).any()
    assert find_dormant(torch.tensor([0.0]), one, 0.0).all()
    assert find_dormant(torch.zeros(3), torch.ones(3, dtype=torch.bool), 0.0).all()
    keep = torch.tensor([True, True, False, True])
    found = find_dormant(torch.tensor([4.0, 2.0, 0.0, 0.0]), keep, 0.0)
    assert found.tolist() == [False, False, False, True], "the masked one never"


def test_redo_is_the_slow_one_on_random_means() -> None:
    rng = torch.Generator().manual_seed(1)
    for _ in range(50):
        means = torch.rand(7, generator=rng, dtype=torch.float64) ** 4
        keep = torch.rand(7, generator=rng) > 0.3
        for tau in (0.0, 0.1, 0.5):
            found = find_dormant(means, keep, tau).nonzero().flatten().tolist()
            assert found == slow.dormant(means.tolist(), keep.tolist(), tau)


# --- continual backprop


def test_cbp_utility_of_one_neuron() -> None:
    model = Two(1, 1, 2)
    with torch.no_grad():
        model.hidden[0].affine.weight.fill_(1.0)
        model.hidden[0].affine.bias.fill_(0.0)
        model.head.weight.copy_(torch.tensor([[0.3], [-0.2]]))
    remedy = ContinualBackprop(treated(model, SGD(model.parameters(), lr=0.0), remedy="cbp"))
    with remedy.watching():
        model(torch.tensor([[2.0]]))
    remedy.after_step()
    assert remedy.memory["hidden.0/utility"].tolist() == pytest.approx([0.01])
    assert remedy.memory["hidden.0/age"].tolist() == [1]


def test_the_published_rule_gives_a_fresh_neuron_no_utility() -> None:
    model = Two(1, 3, 2)
    remedy = ContinualBackprop(
        treated(model, SGD(model.parameters(), lr=0.0), remedy="cbp", remedy__rule="lop")
    )
    with remedy.watching():
        model(torch.tensor([[2.0]]))
    remedy.after_step()
    assert remedy.memory["hidden.0/utility"].abs().max() < 1e-6, "but for rounding"


def test_of_a_hundred_neurons_the_first_reset_is_at_step_200_then_each_101() -> None:
    count = Maturity([0] * 100, config_of("cbp", remedy__rho=1e-4, remedy__maturity=100).remedy, 0)
    resets = [step for step in range(1, 520) if count.take_due(step)]
    assert resets[0] in (200, 201)
    assert {b - a for a, b in zip(resets, resets[1:], strict=False)} <= {101, 102}


class Watched:
    """A small network in steps, with all that the slow continual backprop asks for."""

    def __init__(self) -> None:
        self.model = Two(3, 6, 4, 2)
        self.widths = {"hidden.0": 6, "hidden.1": 4}
        self.optimizer = SGD(self.model.parameters(), lr=0.05)
        self.rng = torch.Generator().manual_seed(0)
        self.outputs: dict[str, torch.Tensor] = {}
        for path in self.widths:
            self.model.get_submodule(path).register_forward_hook(partial(self.note, path))

    def note(self, path: str, module: nn.Module, args: object, output: torch.Tensor) -> None:
        self.outputs[path] = output.detach().clone()

    def take_step(self, remedy: ContinualBackprop) -> None:
        with remedy.watching():
            logits = self.model(torch.randn(5, 3, generator=self.rng))
        self.optimizer.zero_grad()
        nn.functional.cross_entropy(logits, torch.tensor([0, 1, 0, 1, 1])).backward()
        take_step(self.optimizer)

    def ask(self, path: str, one: slow.ContinualBackprop) -> list[int]:
        """Return whom the slow one resets."""
        readers = {"hidden.0": self.model.hidden[1].affine, "hidden.1": self.model.head}
        incoming = self.model.get_submodule(path).affine.weight
        return one.step(
            self.outputs[path].T.tolist(), readers[path].weight.T.tolist(), incoming.tolist()
        )


@pytest.mark.parametrize("rule", ["paper", "lop"])
def test_cbp_resets_whom_the_slow_one_resets(rule: str) -> None:
    numbers = {"rho": 0.08, "maturity": 4, "decay": 0.8}
    changes = {f"remedy__{key}": value for key, value in numbers.items()}
    watched = Watched()
    trial = treated(watched.model, watched.optimizer, remedy="cbp", remedy__rule=rule, **changes)
    lop = rule == "lop"
    slows = {p: slow.ContinualBackprop(n, lop=lop, **numbers) for p, n in watched.widths.items()}
    remedy, total = ContinualBackprop(trial), 0
    for step in range(60):
        trial.state.step = step
        if step == 30:  # a new epoch reads what it needs back from memory
            remedy.end_epoch()
            remedy = ContinualBackprop(trial)
        watched.take_step(remedy)
        expected = {path: watched.ask(path, one) for path, one in slows.items()}
        remedy.after_step()
        for path, gone in expected.items():
            resets = trial.state.remedy.pop(f"{path}/resets", torch.zeros(6))
            assert resets.nonzero().flatten().tolist() == gone, (step, path)
            total += len(gone)
    assert total > 20


# --- self-normalised resets


@pytest.mark.parametrize(("limit", "expected"), [(10, 3), (3, 6), (2, 4), (4, 3)])
def test_snr_limits_follow_the_percentile_of_silences(limit: int, expected: int) -> None:
    counts = torch.tensor([[50, 90, 8, 1, 1]], dtype=torch.int32)
    assert follow_silences(torch.tensor([limit]), counts, 0.99, 1000).tolist() == [expected]
    assert follow_silences(torch.tensor([limit]), counts * 0, 0.99, 1000).tolist() == [limit]
    assert follow_silences(torch.tensor([3]), counts, 0.99, 5).tolist() == [5]


def test_snr_is_the_slow_one_on_random_firing() -> None:
    width, dice = 5, random.Random(0)
    model = Two(width, width, 2)
    with torch.no_grad():
        model.hidden[0].affine.bias.zero_()
    settings = {"remedy__silence": 4, "remedy__silence_max": 9, "remedy__percentile": 0.9}
    trial = treated(model, SGD(model.parameters(), lr=0.0), remedy="snr", **settings)
    neurons = [slow.Silence(4, 9, 0.9) for _ in range(width)]
    total = 0
    for epoch in range(4):
        trial.state.epoch = epoch - 1
        remedy = SelfNormalisedResets(trial)
        for _ in range(40):
            with torch.no_grad():  # neuron j fires on image 0 exactly where input j is 1
                model.hidden[0].affine.weight.copy_(torch.eye(width))
            fired = [dice.random() < 0.15 + 0.15 * j for j in range(width)]
            with remedy.watching():
                model(torch.tensor([fired, [False] * width], dtype=torch.float32))
            before = trial.state.remedy.get("hidden.0/resets", torch.zeros(width)).clone()
            remedy.after_step()
            after = trial.state.remedy.get("hidden.0/resets", before)
            expected = [one.step(f) for one, f in zip(neurons, fired, strict=True)]
            assert (after - before > 0).tolist() == expected
            with torch.no_grad():
                model.hidden[0].affine.bias.zero_()
            trial.state.step += 1
            total += sum(expected)
        remedy.end_epoch()
        for one in neurons:
            one.update()
        assert trial.state.remedy["hidden.0/limit"].tolist() == [one.limit for one in neurons]
    assert total > 10
    assert len({one.limit for one in neurons}) > 1


# --- what acts on all weights


def test_shrink_and_perturb_of_one() -> None:
    config = config_of("shrink_perturb", remedy__sigma=0.0)
    state = treat(config)
    for parameter in state.state.model.parameters():
        parameter.data.fill_(1.0)
    REMEDIES["shrink_perturb"].start(state).at_border(1)
    for parameter in state.state.model.parameters():
        assert parameter.detach().flatten().tolist() == pytest.approx([0.6] * parameter.numel())


def test_the_noise_of_shrink_and_perturb_has_its_deviation_and_is_that_of_its_step() -> None:
    config = config_of("shrink_perturb", remedy__shrink=0.5, remedy__sigma=0.1, model__width=1.0)
    one, other = treat(config), treat(config)
    before = one.state.model.hidden[1].affine.weight.detach().clone()
    for state in (one, other):
        REMEDIES["shrink_perturb"].start(state).at_border(1)
    xi = one.state.model.hidden[1].affine.weight.detach() - 0.5 * before
    assert xi.std().item() == pytest.approx(0.1, rel=0.03)
    assert torch.equal(
        one.state.model.hidden[1].affine.weight, other.state.model.hidden[1].affine.weight
    )


@pytest.mark.parametrize("form", ["loss", "decoupled"])
def test_l2_init_of_one_weight(form: str) -> None:
    config = config_of(
        "l2_init", remedy__form=form, optim__name="sgd", optim__momentum=0.0, optim__lr=0.1
    )
    trial = treat(config)
    model, optimizer = trial.state.model, trial.state.optimizer
    for name, parameter in model.named_parameters():
        trial.state.remedy[INITIAL + name].fill_(0.1)
        parameter.data.fill_(0.5)
        parameter.grad = torch.zeros_like(parameter)
    remedy = REMEDIES["l2_init"].start(trial)
    remedy.after_backward()
    remedy.take_step(optimizer, take_step)
    for parameter in model.parameters():
        assert parameter.detach().flatten()[0].item() == pytest.approx(0.4992)


def test_decay_beside_layer_norm_is_of_weights_alone() -> None:
    config = config_of("ln_decay", remedy__weight_decay=0.5, optim__lr=0.1, optim__name="sgd")
    trial = treat(config)
    for parameter in trial.state.model.parameters():
        parameter.data.fill_(1.0)
        parameter.grad = torch.zeros_like(parameter)
    REMEDIES["ln_decay"].start(trial).take_step(trial.state.optimizer, take_step)
    for parameter in trial.state.model.parameters():
        expected = 0.95 if parameter.dim() > 1 else 1.0
        assert parameter.detach().flatten()[0].item() == pytest.approx(expected)


# --- Adam after a reset


def make_adam(kind: type, model: nn.Module, **settings) -> torch.optim.Optimizer:
    return kind(model.parameters(), lr=0.001, **settings)


@pytest.mark.one_in(2)
@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_the_first_update_after_a_reset_is_lr_and_the_others_go_on(kind: type) -> None:
    """With the old count it would be up to 3.16 lr; a cleared one would give the others .316."""
    torch.manual_seed(0)
    model, twin = Two(4, 3, 2), Two(4, 3, 2)
    twin.load_state_dict(model.state_dict())
    optimizer, other = (make_adam(kind, m, weight_decay=0.0) for m in (model, twin))
    for m, o in ((model, optimizer), (twin, other)):
        for _ in range(200):
            for parameter in m.parameters():
                parameter.grad = torch.full_like(parameter, 0.3)
            take_step(o)
    trial = treated(model, optimizer, remedy="cbp")
    remedy = ContinualBackprop(trial)
    NeuronReset(trial)({"hidden.0": torch.tensor([1])}, torch.Generator().manual_seed(0))
    before = {n: p.detach().clone() for n, p in model.named_parameters()}
    theirs = {n: p.detach().clone() for n, p in twin.named_parameters()}
    for m in (model, twin):
        for parameter in m.parameters():
            parameter.grad = torch.ones_like(parameter)
    remedy.take_step(optimizer, take_step)
    take_step(other)
    moved = {n: before[n] - p.detach() for n, p in model.named_parameters()}
    usual = {n: theirs[n] - p.detach() for n, p in twin.named_parameters()}
    for name, part in (("hidden.0.affine.weight", (1,)), ("hidden.0.affine.bias", (1,)),
                       ("head.weight", (slice(None), 1))):  # fmt: skip
        own = moved[name][part].flatten()
        assert own.tolist() == pytest.approx([0.001] * len(own), rel=1e-3)
        others = torch.ones_like(moved[name], dtype=torch.bool)
        others[part] = False
        torch.testing.assert_close(moved[name][others], usual[name][others], rtol=1e-3, atol=1e-8)
    torch.testing.assert_close(moved["head.bias"], usual["head.bias"])


@pytest.mark.parametrize("settings", [{}, {"amsgrad": True}, {"weight_decay": 0.1}])
@pytest.mark.parametrize("kind", [Adam, AdamW])
def test_a_neuron_that_was_reset_learns_as_one_of_a_new_network(kind: type, settings: dict) -> None:
    """Its entries are updated as those of an optimizer that begins at the reset."""
    torch.manual_seed(1)
    model = Two(4, 3, 2).double()
    optimizer, rng = make_adam(kind, model, **settings), torch.Generator().manual_seed(2)

    def draw(m: nn.Module) -> dict[str, torch.Tensor]:
        return {
            n: torch.randn(p.shape, generator=rng, dtype=p.dtype) for n, p in m.named_parameters()
        }

    trial = treated(model, optimizer, remedy="cbp")
    remedy = ContinualBackprop(trial)
    for _ in range(30):
        for name, gradient in draw(model).items():
            model.get_parameter(name).grad = gradient
        remedy.take_step(optimizer, take_step)
    remedy.reset({"hidden.0": torch.tensor([1])}, torch.Generator())
    young = Two(4, 3, 2).double()
    young.load_state_dict(model.state_dict())
    fresh = make_adam(kind, young, **settings)
    for _ in range(20):
        gradients = draw(model)
        for name, gradient in gradients.items():
            model.get_parameter(name).grad = gradient.clone()
            young.get_parameter(name).grad = gradient.clone()
        remedy.take_step(optimizer, take_step)
        take_step(fresh)
    for name, part in (("hidden.0.affine.weight", (1,)), ("hidden.0.affine.bias", (1,)),
                       ("head.weight", (slice(None), 1))):  # fmt: skip
        torch.testing.assert_close(
            model.get_parameter(name)[part], young.get_parameter(name)[part], rtol=1e-9, atol=1e-12
        )
