"""NN Relief against masks of slow references: ours for small networks, others' where given."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from nvp.config.trial_config import ModelConfig
from nvp.models.lenet import LeNet5
from nvp.models.mlp import MLP
from nvp.models.resnet import build_cifar
from nvp.pruning.nn_relief.relief import run_nn_relief
from tests.golden_files import golden_files

pytestmark = pytest.mark.one_in(2)

torch.set_num_threads(1)
FILES = golden_files("nnrelief")
MEAN, STD = (0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)
LENET5 = {
    "feature_extractor.0": "conv1.affine",
    "feature_extractor.3": "conv2.affine",
    "classifier.0": "hidden.affine",
    "classifier.2": "head",
}
RESNET = {
    r"^conv1\.": "stem.affine.",
    r"^bn1\.": "stem.norm.",
    r"\.conv1\.": ".first.affine.",
    r"\.bn1\.": ".first.norm.",
    r"\.conv2\.": ".second.affine.",
    r"\.bn2\.": ".second.norm.",
    r"\.shortcut$": ".second",
    r"^linear\.": "head.",
}


def network_of(parameters: dict[str, np.ndarray], images: np.ndarray) -> nn.Module:
    """The network that the names and shapes of the parameters describe, without their values."""
    shape = (1, *images.shape[1:]) if images.ndim == 3 else images.shape[1:]
    if "linear.weight" in parameters:
        blocks = len(re.findall(r"layer\d+\.\d+\.conv1", " ".join(parameters)))
        classes = len(parameters["linear.weight"])
        thin = ModelConfig(width=len(parameters["conv1.weight"]) / 16)
        return build_cifar(thin, shape, classes, depth=2 * blocks + 2)
    plain = ModelConfig(norm="none")
    widths = [len(value) for name, value in parameters.items() if name.endswith(".bias")]
    if "feature_extractor.0.weight" in parameters:
        narrow = replace(plain, width=len(parameters["feature_extractor.0.weight"]) / 20)
        return LeNet5(narrow, shape, widths[-1])
    return MLP(plain, shape, widths[-1], hidden=tuple(widths[:-1]))


def own_name(name: str, parameters: dict[str, np.ndarray]) -> str:
    """Our name of a parameter or mask of the file."""
    if "linear.weight" in parameters:
        for pattern, path in RESNET.items():
            name = re.sub(pattern, path, name)
        return re.sub(r"^layer(\d+)", lambda found: f"stages.{int(found[1]) - 1}", name)
    path, _, leaf = name.rpartition(".")
    if "feature_extractor.0.weight" in parameters:
        return f"{LENET5[path]}.{leaf}"
    layers = sorted({int(n.split(".")[1]) for n in parameters})
    depth = layers.index(int(path.split(".")[1]))
    return f"head.{leaf}" if depth == len(layers) - 1 else f"hidden.{depth}.affine.{leaf}"


def pixels_of(images: np.ndarray) -> Tensor:
    pixels = torch.from_numpy(images).float() / 255
    if images.ndim == 3:
        return pixels.unsqueeze(1)
    return (pixels - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_mask_of_a_reference_network_agrees(file: Path) -> None:
    with np.load(file) as archive:
        given = {key: archive[key] for key in archive}
    parameters = {k.removeprefix("param:"): v for k, v in given.items() if k.startswith("param:")}
    expected = {k.removeprefix("mask:"): v for k, v in given.items() if k.startswith("mask:")}
    model = network_of(parameters, given["images"])
    state = {own_name(n, parameters): torch.from_numpy(v) for n, v in parameters.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    assert not unexpected
    assert all(name.endswith("keep") for name in missing)
    residual = "linear.weight" in parameters
    stem_is_late = residual and given.get("stem_is_late", True)  # so it is in the authors' code
    relief = run_nn_relief(
        model,
        pixels_of(given["images"]),
        alpha_conv=float(given["alpha_conv"]),
        alpha_fc=float(given["alpha_fc"]),
        norm="frobenius" if residual else "l1",
        late=["stem"] if stem_is_late else [],
    )
    found = relief.weights | relief.residuals
    names = {name: own_name(name, parameters) for name in expected}
    affine = {n for n in found if ".norm." not in n}
    assert affine == set(names.values())
    for name, mask in expected.items():
        agreement = (found[names[name]].numpy() == mask).mean()
        assert agreement >= 0.9999, f"{name}: {agreement:.5f} of {mask.size} entries agree"
