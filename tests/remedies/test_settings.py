"""The section `remedy`: names of trials, what is read, what is refused, a user's own, forks."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from nvp.config.identity import trial_id
from nvp.config.space import grid
from nvp.config.trial_config import ModelConfig, RemedyConfig, TrialConfig
from nvp.planning.design import Design
from nvp.planning.unread_settings import check_reading
from nvp.remedies import REMEDIES
from nvp.remedies.l2_init import INITIAL
from nvp.remedies.neuron_reset import SINCE
from nvp.remedies.own import find_remedy
from nvp.storage.store import Storage
from nvp.training.build import build
from nvp.training.named import fit_own_settings
from nvp.trial.fork import make_parent, start_from_parent
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions
from nvp.trial.settings_read import find_unread
from nvp.trial.validation import check_trial
from tests.remedies.treated import OTHER, config_of, data, run, same

MINE = "tests.remedies.mine:"
SETTINGS = set(vars(RemedyConfig())) - {"name", "extra"}


def test_no_remedy_is_no_part_of_a_name() -> None:
    plain = trial_id(TrialConfig())
    for name in ("", "none"):
        assert trial_id(TrialConfig().with_overrides({"remedy.name": name})) == plain
        assert RemedyConfig(name=name).name == "none"
    assert trial_id(TrialConfig().with_overrides({"remedy.name": "redo"})) != plain


def test_every_setting_is_read_by_some_remedy_and_each_reads_what_it_says() -> None:
    read = {name for remedy in REMEDIES.values() for name in remedy.settings}
    assert read == SETTINGS
    for name, remedy in REMEDIES.items():
        unread = {p for p in find_unread(config_of(name)) if p.startswith("remedy.")}
        assert unread == {f"remedy.{each}" for each in SETTINGS - set(remedy.settings)}


@pytest.mark.one_in(2)
@pytest.mark.parametrize("name", ["redo", "cbp", "snr", "l2_init"])
def test_what_is_not_read_changes_nothing(name: str) -> None:
    assert set(OTHER) == SETTINGS
    busy = {"redo": {"tau": 0.6, "every": 2}, "cbp": {"rho": 0.1}, "snr": {"silence": 1}}
    more = {f"remedy__{key}": value for key, value in busy.get(name, {}).items()}
    one = config_of(name, epochs=2, **more)
    unread = SETTINGS - set(find_remedy(name).settings)
    other = one.with_overrides({f"remedy.{key}": OTHER[key] for key in unread})
    assert same(run(one)[1].model, run(other)[1].model)


def test_a_setting_that_no_remedy_reads_is_refused() -> None:
    design = Design(base=config_of("redo"), space={"remedy.rho": grid(0.1, 0.2)}, seeds=1)
    with pytest.raises(ValueError, match=r"remedy.rho: .* read with remedy.name=cbp"):
        check_reading(design)
    both = {
        "remedy.name": grid("cbp", "none"),
        "remedy.rho": replace(grid(0.1, 0.2), when={"remedy.name": ("cbp",)}),
    }
    check_reading(Design(base=config_of(), space=both, seeds=1))


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("reddo", {}, r"remedy.name: expected one of .*did you mean 'redo'"),
        ("fresh", {}, "remedy.name=fresh acts at the borders between tasks"),
        ("head", {}, "remedy.name=head acts at the borders"),
        ("shrink_perturb", {}, "remedy.name=shrink_perturb acts at the borders"),
        ("snr", {"model__activation": "gelu"}, "remedy.name=snr goes by neurons .*activation=relu"),
        ("ln_decay", {}, "remedy.name=ln_decay is layer norm with weight decay: set model.norm"),
        ("redo", {"model__name": "tests.remedies.test_settings:Unread"}, "names the readers"),
        (MINE + "AtTasks", {}, "acts at the borders between tasks"),
        (MINE + "Wanting", {}, "expected needs of border, .*got 'luck'"),
        (MINE + "NUMBER", {}, "remedy.name: expected a class or function .*is a int"),
        (MINE + "nothing", {}, "to make an nvp.Acting, got a NoneType"),
        (MINE + "Shake", {"remedy__extra__amuont": 1.0}, "amuont.*did you mean 'amount'"),
    ],
)
def test_what_a_trial_lacks_is_refused_on_the_driver(name: str, changes: dict, message) -> None:
    config = config_of(name, **changes)
    with pytest.raises(ValueError, match=message):
        check_trial(fit_own_settings(config))


class Unread(torch.nn.Module):
    """A network that does not say who reads whom."""

    def __init__(self, config: ModelConfig, image_shape: tuple, num_classes: int) -> None:
        from nvp import make_linear

        super().__init__()
        self.hidden, self.head = make_linear(config, 64, 6), torch.nn.Linear(6, num_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.hidden(x.flatten(1)))


def test_remedies_are_checked_where_they_can_run() -> None:
    for name in ("redo", "cbp", "snr", "l2_init", "shrink_perturb_steps"):
        check_trial(config_of(name))


def test_a_users_remedy_acts_with_its_settings() -> None:
    name = MINE + "Shake"
    config = config_of(name, epochs=2, remedy__extra__amount=0.01)
    check_trial(config)
    _, shaken = run(config)
    _, still = run(config_of(name, epochs=2, remedy__extra__amount=0.0))
    _, plain = run(config_of(epochs=2))
    assert same(still.model, plain.model)
    assert not same(shaken.model, plain.model)
    unread = find_unread(config)
    assert "remedy.batch" not in unread
    assert "remedy.tau" in unread
    assert find_remedy(name).summary == "Adds noise to all weights after each step."


@pytest.mark.parametrize("parents", ["none", "cbp"])
def test_a_fork_is_pulled_to_the_initial_weights_of_its_parent(
    parents: str, tmp_path: Path
) -> None:
    fork = config_of("l2_init", epochs=4, data__images=128)
    rates = {"remedy.rho": 0.2, "remedy.maturity": 1} if parents == "cbp" else {}
    parent = make_parent(fork, {"epochs": 2, "remedy.name": parents} | rates)
    assert make_parent(fork, {"epochs": 2}).remedy == RemedyConfig()
    storage = Storage.at(str(tmp_path))
    options = RunOptions(keep_checkpoints=True)
    assert list(run_trial(parent, storage, options))[-1].status == "done"
    initial = build(replace(fork, parent=""), data(), "cpu").model
    state = build(fork, data(), "cpu")
    start_from_parent(storage, trial_id(parent), state)
    for name, parameter in initial.named_parameters():
        assert torch.equal(state.remedy[INITIAL + name], parameter)
        assert not torch.equal(state.model.get_parameter(name), parameter)
    counted = {key for key in state.remedy if key.endswith(SINCE)}
    assert bool(counted) == (parents == "cbp"), "Adam's counts go on with its moments"
    assert all(key.startswith(INITIAL) or key in counted for key in state.remedy)
