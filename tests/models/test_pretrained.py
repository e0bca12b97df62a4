"""Weights by name: which there are, what is said of wrong names, how they get into networks."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights, ResNet50_Weights

from nvp.config.trial_config import ModelConfig
from nvp.models import build_model
from nvp.models.pretrained import fetch, find_source, load_module, load_weights, refuse_own_download
from nvp.models.pretrained.download import download
from nvp.trial.validation import check_model
from tests.loopback import Server, serve

V1 = "torchvision:ResNet18_Weights.IMAGENET1K_V1"
RESNET18, RESNET50 = "torchvision.models:resnet18", "torchvision.models:resnet50"
TIMM18 = "timm.models:resnet18"
NAMES = [  # model.name, model.extra, model.weights, in full
    (RESNET18, {}, "torchvision:IMAGENET1K_V1", V1),
    (RESNET18, {}, "torchvision:DEFAULT", V1),
    (RESNET18, {}, V1, V1),
    ("resnet18_imagenet", {}, "torchvision:DEFAULT", V1),
    ("resnet50", {}, "torchvision:DEFAULT", "torchvision:ResNet50_Weights.IMAGENET1K_V2"),
    ("torchvision.models:get_model", {"name": "resnet18"}, "torchvision:DEFAULT", V1),
    ("torch.nn:Linear", {}, "torchvision:ResNet18_Weights.DEFAULT", V1),
    (TIMM18, {}, "timm:default", "timm:resnet18.a1_in1k"),
    (TIMM18, {}, "timm:tv_in1k", "timm:resnet18.tv_in1k"),
    (TIMM18, {}, "timm:resnet18.a2_in1k", "timm:resnet18.a2_in1k"),
    ("timm:create_model", {"model_name": "resnet18"}, "timm:default", "timm:resnet18.a1_in1k"),
    ("timm:create_model", {"model_name": "resnet18.a3_in1k"}, "timm:default",
     "timm:resnet18.a3_in1k"),
    ("torch.nn:Linear", {}, "timm:resnet18.a1_in1k", "timm:resnet18.a1_in1k"),
    (RESNET18, {}, "https://example.org/a/w.pth?x=1", "https://example.org/a/w.pth?x=1"),
    (RESNET18, {}, "file:///a/my%20w.pth", "file:///a/my%20w.pth"),
    (RESNET18, {}, "some/where.pth", "some/where.pth"),
]  # fmt: skip


def make_config(name: str, extra: dict[str, Any], weights: str) -> ModelConfig:
    return ModelConfig(name=name, extra=extra, weights=weights)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "extra", "weights", "full"), NAMES)
def test_what_a_name_stands_for(name: str, extra: dict[str, Any], weights: str, full: str) -> None:
    source = find_source(make_config(name, extra, weights))
    assert source.name == full
    assert source.is_downloaded == (not source.path)
    if full == V1:
        assert source.url == ResNet18_Weights.IMAGENET1K_V1.url
        assert source.checksum == "f37072fd"
        assert source.hub_file == Path(torch.hub.get_dir()) / "checkpoints/resnet18-f37072fd.pth"
    if weights.startswith("file:"):
        assert source.path == "/a/my w.pth"


WRONG = [  # model.name, model.extra, model.weights, parts of the message
    (RESNET18, {}, "torchvision:IMAGENET1K_V2", ["torchvision:IMAGENET1K_V1", "did you mean"]),
    (RESNET18, {}, "torchvision:imagenet1k_v1", ["did you mean 'torchvision:IMAGENET1K_V1'"]),
    (RESNET18, {}, "torchvision:ResNet50_Weights.DEFAULT", ["did you mean 'ResNet18_Weights'"]),
    (RESNET18, {}, "torchvison:DEFAULT", ["torchvision:NAME", "there is no such file"]),
    (RESNET18, {}, "IMAGENET1K_V1", ["did you mean 'torchvision:IMAGENET1K_V1'"]),
    (RESNET18, {}, "timm", ["did you mean 'timm:default'"]),
    ("resnet18", {}, "torchvision:DEFAULT", ["one of resnet18_imagenet, resnet50", "did you mean"]),
    ("torch.nn:Linear", {}, "torchvision:DEFAULT", ["the full name", "ResNet18_Weights.DEFAULT"]),
    ("torchvision.models:list_models", {}, "torchvision:DEFAULT", ["torchvision has no weights"]),
    (RESNET18, {}, "timm:default", ["the full name", "timm:resnet18.a1_in1k"]),
    (TIMM18, {}, "timm:a1_in1", ["timm:a1_in1k", "did you mean"]),
    (TIMM18, {}, "timm:resnet50.a1_in1k", ["expected weights of resnet18"]),
    ("timm:create_model", {"model_name": "resnet81"}, "timm:default", ["did you mean 'resnet18"]),
    (RESNET18, {}, "https://example.org/", ["the URL of a .safetensors or .pth file"]),
    (RESNET18, {}, "https://me:secret@example.org/w.pth", ["without a user name and a password"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "extra", "weights", "parts"), WRONG)
def test_a_wrong_name_is_refused_in_one_line(
    name: str, extra: dict[str, Any], weights: str, parts: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"^model\.weights: ") as refused:
        find_source(make_config(name, extra, weights))
    message = str(refused.value)
    assert "\n" not in message
    assert "secret" not in message
    assert [part for part in parts if part not in message] == [], message


@pytest.mark.parametrize(
    ("name", "extra", "instead"),
    [
        (TIMM18, {"pretrained": True}, "model.weights=timm:default"),
        ("timm:create_model", {"model_name": "hf-hub:timm/resnet18.a1_in1k"}, "timm:default"),
        (RESNET18, {"weights": "IMAGENET1K_V1"}, "model.weights=torchvision:IMAGENET1K_V1"),
        (RESNET50, {"weights": "DEFAULT"}, "model.weights=torchvision:DEFAULT"),
    ],
)
def test_a_constructor_that_would_download_is_refused_with_the_remedy(
    name: str, extra: dict[str, Any], instead: str
) -> None:
    with pytest.raises(ValueError, match=r"^model\.extra\.") as refused:
        check_model(make_config(name, extra, ""), (3, 64, 64), 10)
    assert instead in str(refused.value)


@pytest.mark.parametrize("extra", [{"pretrained": False}, {"weights": None}, {"in_chans": 1}])
def test_a_constructor_that_downloads_nothing_is_not(extra: dict[str, Any]) -> None:
    for name in (TIMM18, RESNET18, "torch.nn:Linear"):
        refuse_own_download(make_config(name, extra, ""))


class Small(nn.Module):
    """A network with a head behind two blocks, and one that only helps to train."""

    def __init__(self, classes: int, *, helped: bool = False) -> None:
        super().__init__()
        self.block = nn.ModuleDict({"norm1": nn.BatchNorm1d(4), "conv2": nn.Linear(4, 4)})
        self.head = nn.Linear(4, classes)
        self.aux1 = nn.Linear(4, classes) if helped else None


def test_old_names_and_auxiliary_heads_find_their_place() -> None:
    given = Small(7, helped=True).state_dict()
    old = {name.replace("norm1", "norm.1"): tensor for name, tensor in given.items()}
    network = Small(7)
    assert load_module(network, old, "w.pth", 7) == ""
    assert all(torch.equal(tensor, given[name]) for name, tensor in network.state_dict().items())


def test_a_head_for_other_classes_stays_and_is_named() -> None:
    network, given = Small(3), Small(7).state_dict()
    before = network.head.weight.clone()
    assert load_module(network, given, "w.pth", 3) == "head"
    assert torch.equal(network.head.weight, before)
    assert torch.equal(network.state_dict()["block.conv2.weight"], given["block.conv2.weight"])


WIDER = nn.Linear(4, 9).state_dict()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"block.conv2.weight": WIDER["weight"]}, r"block.conv2.weight \(9, 4\) for \(4, 4\)"),
        ({"more.weight": torch.zeros(1)}, "unknown ['more.weight']".replace("[", r"\[")),
        ({"head.weight": torch.zeros(3, 5)}, r"head.weight \(3, 5\) for \(3, 4\)"),
        ({"aux1.weight": torch.zeros(3, 4), "auxo.bias": torch.zeros(3)}, None),
    ],
)
def test_what_else_differs_is_refused_with_names(
    change: dict[str, Tensor], said: str | None
) -> None:
    given = Small(3).state_dict() | change
    if said is None:
        assert load_module(Small(3), given, "w.pth", 3) == ""
        return
    with pytest.raises(ValueError, match=said):
        load_module(Small(3), given, "w.pth", 3)


def test_a_missing_tensor_is_named() -> None:
    given = Small(3).state_dict()
    del given["block.conv2.bias"]
    with pytest.raises(ValueError, match=r"missing \['block.conv2.bias'\]"):
        load_module(Small(3), given, "w.pth", 3)


# --- what comes over the network


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "home"))
    with serve() as served:
        yield served


@pytest.mark.minutes
def test_a_network_of_torchvision_starts_from_its_weights(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ours and torchvision's own from one file; the rest of the draw is as without weights."""
    import torchvision

    torch.manual_seed(1)
    given = torchvision.models.resnet18(num_classes=1000).state_dict()
    content = save(given)
    name = f"r-{hashlib.sha256(content).hexdigest()[:8]}.safetensors"
    server.files[f"/{name}"] = content
    member = ResNet18_Weights.IMAGENET1K_V1.value
    monkeypatch.setattr(member, "url", f"{server.url}/{name}")
    config = make_config("resnet18_imagenet", {}, "torchvision:DEFAULT")
    assert check_model(config, (3, 32, 32), 10) is not None  # before it is there
    assert server.asked == []
    weights = fetch(find_source(config))
    assert weights.file == str(tmp_path / "home/hub/checkpoints" / name)
    network = build_model(config, (3, 32, 32), 10, seed=3)
    plain = build_model(make_config("resnet18_imagenet", {}, ""), (3, 32, 32), 10, seed=3)
    own = network.state_dict()
    assert torch.equal(own["stem.affine.weight"], given["conv1.weight"])
    assert torch.equal(own["head.weight"], plain.state_dict()["head.weight"])
    foreign = make_config(RESNET18, {}, "torchvision:DEFAULT")
    other = torchvision.models.resnet18(num_classes=1000)
    holder: Any = nn.Module()
    holder.network = other
    assert load_module(other, given, "w", 1000) == ""
    assert find_source(foreign) == find_source(config)
    assert server.asked == [f"/{name}"]


def test_a_file_url_is_downloaded_whole_or_not_at_all(tmp_path: Path) -> None:
    given, file = tmp_path / "given.pth", tmp_path / "folder/taken.pth"
    given.write_bytes(b"x" * 3_000_000)
    sha = hashlib.sha256(given.read_bytes()).hexdigest()
    with pytest.raises(OSError, match="begins with 0000"):
        download(given.as_uri(), file, "0000")
    assert [*file.parent.iterdir()] == []
    (file.parent / "taken.pth.partial").write_bytes(b"of a process that was killed")
    download(given.as_uri(), file, sha[:10])
    assert [*file.parent.iterdir()] == [file]
    assert file.read_bytes() == given.read_bytes()


def test_weights_of_timm_come_into_the_cache_of_the_hub(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """timm's own loader reads them; the classifier for 10 classes is as it was drawn."""
    import huggingface_hub.constants as hub
    import timm

    for name in ("ENDPOINT", "_HF_DEFAULT_ENDPOINT"):
        monkeypatch.setattr(hub, name, server.url)
    monkeypatch.setattr(
        hub, "HUGGINGFACE_CO_URL_TEMPLATE", server.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    monkeypatch.setattr(hub, "HF_HUB_CACHE", str(tmp_path / "hub"))
    torch.manual_seed(1)
    given = timm.create_model("test_resnet").state_dict()
    content = save(given)
    path = "/timm/test_resnet.r160_in1k/resolve/main/model.safetensors"
    server.files[path] = content
    sha = hashlib.sha256(content).hexdigest()
    server.headers = {"ETag": f'"{sha}"', "X-Repo-Commit": "c" * 40}
    config = make_config("timm.models:test_resnet", {}, "timm:default")
    source = find_source(config)
    assert source.find() is None
    weights = fetch(source)
    assert (weights.sha256, server.asked) == (sha, [path])
    assert str(tmp_path / "hub") in weights.file
    network = build_model(config, (3, 32, 32), 10, seed=3)
    plain = build_model(make_config("timm.models:test_resnet", {}, ""), (3, 32, 32), 10, seed=3)
    own, drawn = network.state_dict(), plain.state_dict()
    assert torch.equal(own["module.conv1.0.weight"], given["conv1.0.weight"])
    assert torch.equal(own["module.fc.weight"], drawn["module.fc.weight"])
    assert load_weights(plain, config, Path(weights.file), 10) == "fc"
    assert server.asked == [path]
    server.headers = {}
    server.files = {}
    Path(weights.file).resolve().write_bytes(content[:-4] + b"\0\0\0\1")
    with pytest.raises(ValueError, match="it is damaged"):
        fetch(source)


def test_the_weights_of_a_model_of_ours_are_those_of_torchvision() -> None:
    config = make_config("resnet50", {}, "torchvision:IMAGENET1K_V2")
    assert find_source(config).url == ResNet50_Weights.IMAGENET1K_V2.url
