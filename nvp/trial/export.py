"""Export: a trained network as a file of plain torch, for those who do not have this package.

`nvp export sgd_noise --trial TRIAL_ID --out FOLDER` writes the newest checkpoint of a trial as
FOLDER/network.py, which imports torch alone, and its tensors as FOLDER/network.safetensors. Masked
neurons are removed, constant ones folded. The network takes pixels / 255: their normalisation is
its first step. The metadata of the tensors say which trial they are of.
"""

import argparse
import copy
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import nn

from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.config.dotted_paths import flatten_config
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, load_trial_splits, read_trial_facts
from nvp.network.adopted.adopted import Adopted
from nvp.network.adopted.exported import export_program, load_program, name_class
from nvp.network.removal import remove_units
from nvp.storage.index import read_index
from nvp.storage.plans import explain_missing_checkpoint
from nvp.storage.store import Storage
from nvp.storage.studies import find_study
from nvp.training.build import dense
from nvp.trial.checkpoint import read_checkpoints, restore_state
from nvp.trial.overlap import add_trial_arguments, find_config
from nvp.trial.plain_torch import Scaling, make_plain, make_source, measure_distance

CLOSE = 1e-5  # largest difference of logits, relative to the largest logit


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp export`; return its exit code: 0, or 2 for bad arguments."""
    arguments = build_parser().parse_args(argv)
    try:
        storage, _ = find_study(arguments.storage, arguments.study, arguments.preset)
        trained = restore_network(storage, arguments.trial, find_config(storage, arguments.trial))
        notes = describe_network(storage, arguments.study, arguments.trial, trained)
        folder = Path(arguments.out)
        export(trained.model, trained.image_shape, folder, scaling=trained.scaling, notes=notes)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    name = "network.pt2" if isinstance(trained.model, Adopted) else "network.py"
    print(f"{arguments.out}/{name} and network.safetensors")
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = CommandParser(
        prog="nvp export",
        description="Write a trial's network as plain torch: its source and its tensors.",
    )
    add_trial_arguments(parser)
    parser.add_argument("--out", required=True, metavar="FOLDER", help="made if it is not there")
    return parser


@dataclass(frozen=True)
class Trained:
    """A trial's network as it was last saved.

    Attributes:
        model: the network.
        config: of the trial.
        image_shape: (channels, height, width).
        num_classes: of its data set; label k is the k-th class.
        scaling: of the images that it was trained on.
        epoch: after which it was saved.
    """

    model: nn.Module
    config: TrialConfig
    image_shape: tuple[int, int, int]
    num_classes: int
    scaling: Scaling
    epoch: int


def restore_network(storage: Storage, trial: str, config: TrialConfig) -> Trained:
    """Return the network of a trial's newest checkpoint.

    Raises:
        ValueError: it has none, or its data are not there.
    """
    found = read_checkpoints(storage, trial)
    if not found:
        raise ValueError(explain_missing_checkpoint(storage, trial))
    facts = read_trial_facts(config.data, data_root())
    state = dense(config, facts)
    restore_state(found[0], state)
    scaling = read_scaling(found[0].header, config)
    return Trained(state.model, config, facts.image_shape, facts.num_classes, scaling, state.epoch)


def read_scaling(header: dict[str, Any], config: TrialConfig) -> Scaling:
    """Return how a trial's images were normalised; older checkpoints do not say it, its data do."""
    if "scaling" in header:
        mean, std = (tuple(values) for values in header["scaling"])
        return Scaling(mean, std)
    images = load_trial_splits(config.data, data_root()).train
    return Scaling(images.mean, images.std)


def describe_network(storage: Storage, study: str, trial: str, trained: Trained) -> dict[str, str]:
    """Return what the exported tensors say of themselves, as text (safetensors takes no other)."""
    row = read_index(storage, trial).rows.get(trial, {})
    results = {name: row.get(name) for name in ("status", "test_accuracy", "version", "code")}
    return {
        "trial_id": trial,
        "study": study,
        "epoch": str(trained.epoch),
        "classes": str(trained.num_classes),
        "input": "pixels / 255",
        "input_shape": json.dumps(trained.image_shape),
        "mean": json.dumps(trained.scaling.mean),
        "std": json.dumps(trained.scaling.std),
        "config": json.dumps(flatten_config(trained.config)),
        **{name: str(value) for name, value in results.items() if value is not None},
        "exported_by": f"nvp {version('nvp')}, torch {torch.__version__}",
    }


def export(
    model: nn.Module,
    image_shape: tuple[int, int, int],
    folder: Path,
    *,
    scaling: Scaling | None = None,
    notes: Mapping[str, str] | None = None,
) -> nn.Module:
    """Write network.py and network.safetensors; return the exported network, in eval mode.

    Of an adopted network, whose source is not ours, it is network.pt2 instead of network.py: a
    program that `torch.export.load` reads. The tensors are those of the user's own class.

    Args:
        model: trained; stays as it was.
        image_shape: (channels, height, width).
        folder: where to; made if it is not there.
        scaling: of pixels / 255, to be a part of the network; None = it takes what `model` takes.
        notes: the metadata of the tensors.

    Raises:
        ValueError: the folder cannot be made, or the exported network would compute other logits.
    """
    twin = copy.deepcopy(model).cpu()
    dtype = next(twin.parameters()).dtype
    draw = torch.randn if scaling is None else torch.rand
    pixels = draw(4, *image_shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    expected = pixels if scaling is None else scaling(pixels)
    if isinstance(model, Adopted):
        maps = None if scaling is None else scaling.as_maps(dtype)
        inside, content = export_program(model, pixels, remove_units, maps)
        network, name, kept = load_program(content), "network.pt2", inside.state_dict()
        notes = dict(notes or {}) | {"class": name_class(inside)}
    else:
        network, name = make_plain(model, scaling), "network.py"
        content, kept = make_source(network).encode(), network.state_dict()
    if (apart := measure_distance(twin, network, expected, pixels)) > CLOSE:
        raise ValueError(f"export: expected logits within {CLOSE} of the trial's, got {apart}")
    tensors = {key: tensor.detach().clone().contiguous() for key, tensor in kept.items()}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
        # not `save_file`, whose files only their owner can read
        (folder / "network.safetensors").write_bytes(save(tensors, dict(notes or {}) or None))
    except OSError as error:
        raise ValueError(f"--out: expected a folder that can be made, got {folder}") from error
    return network
