"""A copy of nvp with a network that breaks as a test wants it, and a study of it."""

import shutil
from pathlib import Path

from tests.conftest import ROOT

FRAGILE = """
from torch import nn

from nvp.models.mlp import MLP


class Fragile(MLP):
    def forward(self, x):
        if self.training and len(x) == 100:
            raise RuntimeError("this network breaks on batches of 100")
        return super().forward(x)


def build(config, image_shape, num_classes):
    return Fragile(config, image_shape, num_classes)
"""
FRAGILE_STUDY = """
from nvp.config.trial_config import ModelConfig, TrialConfig
from nvp import Design, Study, grid, main

DESIGN = Design(
    base=TrialConfig(epochs=1, model=ModelConfig(name="fragile")),
    space={"data.batch_size": grid(BATCHES)},
    seeds=1,
)
STUDY = Study(name="fragile", paper=DESIGN, quick=DESIGN)

if __name__ == "__main__":
    main(STUDY)
"""


def with_fragile_model(
    folder: Path, text: str, batches: tuple[int, ...] = (100, 200, 300)
) -> dict[str, str]:
    """Put a copy of nvp with a fragile model, and a study of it, into a folder; return its env."""
    shutil.copytree(ROOT / "nvp", folder / "nvp")
    models = folder / "nvp/models/__init__.py"
    models.write_text(
        models.read_text()
        .replace("import convnet,", "import fragile, convnet,")
        .replace('    "mlp": ', '    "fragile": fragile.build,\n    "mlp": ')
    )
    (folder / "nvp/models/fragile.py").write_text(text)
    listed = ", ".join(map(str, batches))
    (folder / "fragile.py").write_text(FRAGILE_STUDY.replace("BATCHES", listed))
    return {"PYTHONPATH": str(folder)}
