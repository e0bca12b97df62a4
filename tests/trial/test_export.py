"""Export: plain torch computes what the trained network does, and needs nothing of ours."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import jaxtyping
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn

from nvp.config.identity import trial_id
from nvp.config.trial_config import OptimConfig, TrialConfig
from nvp.data import load_data
from nvp.models import build_model
from nvp.network.constant_folding import fold_constants
from nvp.network.groups import neuron_layers
from nvp.network.neuron_masks import soften_units
from nvp.network.train_state import TrainState
from nvp.storage.index import read_index
from nvp.storage.store import Storage
from nvp.training.optim import build_optimizer
from nvp.trial.export import export, main, read_scaling
from nvp.trial.plain_torch import measure_distance
from nvp.trial.run import run_trial
from nvp.trial.run_options import RunOptions
from tests.in_turn import in_turn
from tests.network.test_shrink import SHAPE, X, learn, make, mask_half
from tests.tiny import STRUCTURES

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _proxies_pass() -> Iterator[None]:
    """A symbolic trace hands proxies to forward passes that declare tensors."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


def trained(name: str, activation: str = "relu", norm: str = "batch", width: float = 0.1):
    """Return the state of a network with running statistics, half of it masked."""
    model = make(name, norm, activation, width)
    state = TrainState(model, build_optimizer(model, OptimConfig(lr=0.01)))
    learn(state, 3)
    mask_half(state)
    return state


def load(folder: Path) -> nn.Module:
    """Return the exported network, from its two files alone."""
    spec = importlib.util.spec_from_file_location("network", folder / "network.py")
    assert spec
    assert spec.loader
    module: ModuleType = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    tensors = load_file(folder / "network.safetensors")
    network = module.Network().to(next(v for v in tensors.values() if v.is_floating_point()).dtype)
    network.load_state_dict(tensors)
    return network.eval()


@pytest.mark.one_in(2)
@pytest.mark.parametrize(
    ("name", "norm"), in_turn([*STRUCTURES, "resnet20_b", "vgg11"], ["batch", "none"])
)
def test_the_exported_network_computes_the_same(name: str, norm: str, tmp_path: Path) -> None:
    model = trained(name, norm=norm).model
    before = {key: value.clone() for key, value in model.state_dict().items()}
    network = export(model, SHAPE, tmp_path)
    assert measure_distance(model, network, X) <= 1e-10
    assert measure_distance(model, load(tmp_path), X) <= 1e-10
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    left = sum(p.numel() for p in network.parameters())
    assert left < sum(p.numel() for p in model.parameters())


@pytest.mark.parametrize("activation", ["leaky_relu", "silu", "gelu", "elu", "tanh"])
def test_every_activation_is_exported(activation: str, tmp_path: Path) -> None:
    model = trained("lenet5", activation).model
    export(model, SHAPE, tmp_path)
    assert measure_distance(model, load(tmp_path), X) <= 1e-10


def test_in_float32_it_is_within_1e_5_and_made_of_torch_alone(tmp_path: Path) -> None:
    model = trained("resnet18_dropout").model.float()
    network = export(model, SHAPE, tmp_path)
    assert measure_distance(model, load(tmp_path), X.float()) <= 1e-5
    assert {type(m).__module__.split(".")[0] for m in network.modules()} == {"torch"}
    assert "nvp" not in (tmp_path / "network.py").read_text()
    assert not any(isinstance(m, nn.Identity) for m in network.modules())


def test_it_runs_in_a_process_that_knows_nothing_of_ours(tmp_path: Path) -> None:
    model = trained("resnet20").model.float()
    export(model, SHAPE, tmp_path)
    code = (
        "import sys, torch; from safetensors.torch import load_file; from network import Network;"
        "n = Network(); n.load_state_dict(load_file('network.safetensors')); n.eval();"
        "assert not any(m.split('.')[0] == 'nvp' for m in sys.modules);"
        "print(n(torch.ones(1, 3, 16, 16)).tolist())"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    expected = model.eval()(torch.ones(1, *SHAPE)).flatten().tolist()
    assert expected == pytest.approx(eval(ended.stdout)[0], abs=1e-5)


# --- what is left over


@pytest.mark.parametrize("group", ["conv2", "hidden"])
def test_one_silent_neuron_of_an_emptied_layer_stays(group: str, tmp_path: Path) -> None:
    state = trained("convnet")
    soften_units(state.model, group, torch.arange(len(state.model.get_submodule(group).keep)))
    export(state.model, SHAPE, tmp_path)
    assert measure_distance(state.model, load(tmp_path), X) <= 1e-10


def test_residuals_that_were_cut_stay_cut(tmp_path: Path) -> None:
    for name in ("resnet20", "resnet20_b"):
        model = trained(name, width=0.3).model
        for layer in neuron_layers(model).values():
            if layer.group:
                layer.residual_keep[1::2] = False
        export(model, SHAPE, tmp_path)
        assert measure_distance(model, load(tmp_path), X) <= 1e-10
        for layer in neuron_layers(model).values():
            if layer.group:
                layer.residual_keep.fill_(True)
        assert measure_distance(model, load(tmp_path), X) > 1e-6, "the cut mattered"


# --- constant neurons


@pytest.mark.parametrize("norm", ["batch", "none"])
@pytest.mark.parametrize(
    ("name", "path", "folds"),
    [
        ("mlp", "hidden.0", True),
        ("lenet300", "hidden.1", True),
        ("lenet5", "conv1", True),
        ("lenet5", "conv2", True),
        ("convnet", "conv1", False),
        ("convnet", "conv3", True),
        ("resnet50", "stem", True),
        ("resnet50", "stages.1.0.second", True),
        ("resnet20", "stages.0.0.first", False),
        ("vgg_like", "hidden.1", True),
    ],
)
def test_constant_neurons_are_folded_where_that_is_exact(
    name: str, path: str, folds: bool, norm: str, tmp_path: Path
) -> None:
    model = make(name, norm, "silu", width=0.3)
    learn(TrainState(model, build_optimizer(model, OptimConfig(lr=0.01))), 2)
    layer = model.get_submodule(path)
    with torch.no_grad():
        layer.affine.weight[::2] = 0.0
        for tensor in (layer.affine.bias, getattr(layer.norm, "bias", None)):
            if tensor is not None:
                tensor.add_(torch.linspace(-1, 2, len(tensor)))
    network = export(model, SHAPE, tmp_path)
    assert measure_distance(model, network, X) <= 1e-10
    count = sum(p.numel() for p in network.parameters())
    whole = sum(p.numel() for p in model.parameters())
    assert (count < whole) == folds
    folded = fold_constants(model.eval())
    assert folded.get(path, 0) == (len(layer.keep[::2]) if folds else 0)


def test_folding_by_hand() -> None:
    model = make("mlp", "none", width=0.02)
    first, second = model.hidden
    with torch.no_grad():
        first.affine.weight[1] = 0.0
        first.affine.bias[1] = 3.0
        second.affine.weight[:] = torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
        second.affine.bias[:] = torch.tensor([0.5, 1.0, 0.0])
    assert fold_constants(model.eval()) == {"hidden.0": 1, "hidden.1": 1}
    assert second.affine.bias.tolist() == [6.5, -2.0, 0.0]
    assert second.affine.weight[:, 1].tolist() == [0.0, 0.0, 0.0]
    assert first.keep.tolist() == [True, False, True]
    assert second.keep.tolist() == [True, False, True], "its last weight went with the first fold"


def test_a_network_of_constants_is_its_biases(tmp_path: Path) -> None:
    model = make("mlp", "none", width=0.05)
    with torch.no_grad():
        for layer in neuron_layers(model).values():
            layer.affine.weight.zero_()
            layer.affine.bias.fill_(0.5)
    network = export(model, SHAPE, tmp_path)
    assert measure_distance(model, network, X) <= 1e-10
    assert all(m.weight.shape[1] == 1 for m in [*network.modules()][-1:])


# --- from the command line


CONFIG = TrialConfig().with_overrides(
    {
        "epochs": 3,
        "data.batch_size": 256,
        "model.width": 0.2,
        "prune.method": "nvp",
        "prune.shrink": "always",
        "probe.size": 64,
        "probe.bins": 8,
    }
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a storage with one finished trial that shrank, and its checkpoint."""
    path = tmp_path_factory.mktemp("results")
    storage = Storage.at(str(path / "mine" / "quick"))
    *_, last = run_trial(CONFIG, storage, RunOptions(keep_checkpoints=True))
    assert last.status == "done"
    storage.write("study.json", b'{"trials": {}, "base": {}}')
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Return the exit code and what was printed."""
    code = main(arguments)
    printed = capsys.readouterr()
    return code, printed.out + printed.err


def test_a_trial_is_exported_by_name(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made"
    code, printed = told(capsys, "mine", "--storage", str(place), "--trial",
                         trial_id(CONFIG), "--out", str(out))  # fmt: skip
    assert code == 0, printed
    assert str(out) in printed
    network = load(out)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 10)
    assert sum(p.numel() for p in network.parameters()) < sum(
        p.numel() for p in build_model(CONFIG.model, (1, 8, 8), 10, seed=0).parameters()
    )


@pytest.mark.parametrize("saved", [True, False])
def test_pixels_over_255_give_the_trial_s_test_accuracy(
    saved: bool, place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if not saved:  # an older checkpoint does not say how images were normalised
        monkeypatch.setattr(
            "nvp.trial.export.read_scaling", lambda header, config: read_scaling({}, config)
        )
    code, printed = told(capsys, "mine", "--storage", str(place), "--trial",
                         trial_id(CONFIG), "--out", str(tmp_path))  # fmt: skip
    assert code == 0, printed
    network, test = load(tmp_path), load_data("digits", tmp_path).test.first(200)
    assert {"mean", "std"} <= dict(network.named_buffers()).keys()
    with torch.no_grad():
        right = (network(test.pixels / 255).argmax(1) == test.labels).float().mean()
    row = read_index(Storage.at(str(place / "mine" / "quick"))).rows[trial_id(CONFIG)]
    assert float(right) == row["test_accuracy"]
    assert row["test_accuracy"] > 0.5
    assert "pixels / 255" in (tmp_path / "network.py").read_text()


def test_the_tensors_say_which_trial_they_are_of(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told(capsys, "mine", "--storage", str(place), "--trial", trial_id(CONFIG), "--out",
         str(tmp_path))  # fmt: skip
    with safe_open(tmp_path / "network.safetensors", framework="pt") as file:
        notes = file.metadata()
    assert (notes["trial_id"], notes["study"], notes["classes"]) == (trial_id(CONFIG), "mine", "10")
    assert json.loads(notes["input_shape"]) == [1, 8, 8]
    assert (json.loads(notes["mean"]), json.loads(notes["std"])) == ([0.3053], [0.3761])
    assert TrialConfig().with_overrides(json.loads(notes["config"])) == CONFIG
    assert (notes["epoch"], notes["status"], notes["input"]) == ("3", "done", "pixels / 255")
    assert torch.__version__ in notes["version"]
    assert notes["exported_by"].startswith("nvp ")


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_exported_files_are_readable_as_the_umask_says(mask: int, tmp_path: Path) -> None:
    before = os.umask(mask)
    try:
        export(make("mlp"), SHAPE, tmp_path / "made")
    finally:
        os.umask(before)
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "made").iterdir()}
    assert modes == {0o666 & ~mask}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"STUDY": "yours"}, "mine (quick)"),
        ({"--trial": "000000000000"}, "expected one of the 0 trial ids"),
        ({"--out": "/proc/nothing"}, "--out: expected a folder that can be made"),
    ],
)
def test_what_is_wrong_is_said(
    changes: dict[str, str], message: str, place: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    flags = {"STUDY": "mine", "--storage": str(place), "--trial": trial_id(CONFIG),
             "--out": str(tmp_path)} | changes  # fmt: skip
    study = flags.pop("STUDY")
    code, printed = told(capsys, study, *(word for pair in flags.items() for word in pair))
    assert (code, message in printed) == (2, True), printed


def test_a_trial_without_a_checkpoint_is_refused(
    place: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bare = CONFIG.with_overrides({"epochs": 1})
    storage = Storage.at(str(place / "mine" / "quick"))
    list(run_trial(bare, storage))
    code, printed = told(capsys, "mine", "--storage", str(place), "--trial",
                         trial_id(bare), "--out", str(tmp_path))  # fmt: skip
    assert (code, "--keep-checkpoints" in printed) == (2, True), printed


def test_a_network_that_would_compute_something_else_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "nvp.trial.plain_torch.fold_constants", lambda model: model.head.bias.data.add_(1.0)
    )
    with pytest.raises(ValueError, match="expected logits within"):
        export(make("mlp"), SHAPE, tmp_path)
    assert not list(tmp_path.iterdir())
