"""A user's file outside of the package: a model, a data set, a criterion and rules of training."""

import sys
from pathlib import Path

import pytest

from nvp.study.study import Study
from tests.small_studies import load

PARTS = """
from dataclasses import dataclass

import torch
from torch import nn

from nvp import DataSet, Images, Method, NeuronLayer, Splits


def wide(config, image_shape, num_classes, depth: int = 1, bias: bool = True):
    channels, height, width = image_shape
    affine = nn.Linear(channels * height * width, 8 * depth, bias=bias)
    model = nn.Sequential(nn.Flatten(), NeuronLayer(affine, None, nn.ReLU()),
                          nn.Linear(8 * depth, num_classes))
    model.reads = {"2": "1"}
    return model


def plain(num_classes, hidden: int = 8):
    return nn.Sequential(
        nn.Conv2d(3, hidden, 3, padding=1), nn.BatchNorm2d(hidden), nn.SiLU(),
        nn.Conv2d(hidden, 6, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, num_classes),
    )


def grouped(config, image_shape, num_classes):
    model = nn.Sequential(NeuronLayer(nn.Conv2d(1, 4, 3), None, nn.ReLU()),
                          NeuronLayer(nn.Conv2d(4, 4, 3, groups=2), None, nn.ReLU()),
                          nn.Flatten(), nn.Linear(16, num_classes))
    model.reads = {"1": "0", "3": "1"}
    return model


def twice(config, image_shape, num_classes):
    layer = NeuronLayer(nn.Linear(36, 36), None, nn.ReLU())
    return nn.Sequential(nn.Flatten(), layer, layer, nn.Linear(36, num_classes))


def tokens(num_classes):
    return nn.Sequential(nn.Embedding(9, 4), nn.ReLU(), nn.Linear(4, num_classes))


def seven_logits():
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 4), nn.ReLU(), nn.Linear(4, 7))


@dataclass(frozen=True)
class Loud:
    power: float = 1.0

    def __call__(self, evidence):
        return evidence.activity.mean_abs ** self.power


def loud(evidence):
    return evidence.activity.mean_abs


def from_config(config):
    return loud


def stripes(size: int = 6):
    def load(root):
        labels = torch.arange(160) % 2
        rng = torch.Generator().manual_seed(0)
        pixels = torch.randint(0, 128, (160, 1, size, size), generator=rng)
        pixels[:, :, :, ::2] += 100 * labels.view(-1, 1, 1, 1)
        images = Images(pixels.to(torch.uint8), labels, (0.35,), (0.2,))
        parts = [images.select(slice(a, a + n)) for a, n in ((0, 96), (96, 32), (128, 32))]
        return Splits(*parts, num_classes=2)

    return DataSet(image_shape=(1, size, size), num_classes=2, num_train=96, load=load)


QUIET = Method(summary="the quiet go", criterion="{module}:loud", allocation="{module}:lowest",
               schedule="{module}:half")


def lowest(scores, sparsity, floors):
    return {group: score >= score.sort().values[int(sparsity * len(score))]
            for group, score in scores.items()}


def half(config, moment):
    return config.sparsity if moment.progress >= 0.5 else None


def cooling(config, progress, power: float = 1.0):
    return (1 - progress) ** power


def shake(gradients, config, xi, count):
    at = 0
    for gradient in gradients:
        gradient += config.noise * xi[at : at + gradient.numel()].view_as(gradient)
        at += gradient.numel()


NUMBER = 3
WRONG = {"nothing": lambda config, image_shape, num_classes: None}


def no_network(config, image_shape, num_classes):
    return [num_classes]


def fails(config, image_shape, num_classes):
    raise RuntimeError("out of\\nluck")


def one_score(evidence):
    return evidence.activity.mean_abs.mean()


def too_high(config, moment):
    return 1.5
"""

STUDY = """
from nvp import (DataConfig, Design, ModelConfig, ProbeConfig, PruneConfig, Study, TrialConfig,
                 grid, main)

DESIGN = Design(
    base=TrialConfig(epochs=2, data=DataConfig(name="{module}:stripes"),
                     model=ModelConfig(name="{module}:wide"), probe=ProbeConfig(size=32, bins=8),
                     prune=PruneConfig(criterion="{module}:Loud")),
    space={"model.extra.depth": grid(1, 2), "prune.method": grid("none", "magnitude")},
    seeds=1,
)
STUDY = Study(name="mine", quick=DESIGN, paper=DESIGN)

if __name__ == "__main__":
    main(STUDY)
"""


def write_own_parts(folder: Path, module: str) -> Path:
    """Write a module of a user's parts and the study beside it; return the study's script."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{module}.py").write_text(PARTS.replace("{module}", module))
    script = folder / "study.py"
    script.write_text(STUDY.replace("{module}", module))
    return script


def load_beside(script: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    """Return the study of a script; until the test ends the user stands in its folder."""
    monkeypatch.chdir(script.parent)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return load(script).STUDY
