"""Export: a trained network as a file of plain torch, for those who do not have this package.

`nvp export sgd_noise --trial TRIAL_ID --out FOLDER` writes the newest checkpoint of a trial as
FOLDER/network.py, which imports torch alone, and its tensors as FOLDER/network.safetensors. Masked
neurons are removed, constant ones folded.
"""

import argparse
import copy
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

from nvp.config.command_parser import BAD_ARGUMENTS, CommandParser
from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.storage.store import Storage
from nvp.storage.studies import find_study
from nvp.training.build import dense
from nvp.trial.checkpoint import read_checkpoints, restore_state
from nvp.trial.overlap import add_trial_arguments, find_config
from nvp.trial.plain_torch import make_plain, make_source, measure_distance

CLOSE = 1e-5  # largest difference of logits, relative to the largest logit


def main(argv: Sequence[str] | None = None) -> int:
    """Run `nvp export`; return its exit code: 0, or 2 for bad arguments."""
    arguments = build_parser().parse_args(argv)
    try:
        storage, _ = find_study(arguments.storage, arguments.study, arguments.preset)
        model, shape = restore_network(
            storage, arguments.trial, find_config(storage, arguments.trial)
        )
        export(model, shape, Path(arguments.out))
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return BAD_ARGUMENTS
    print(f"{arguments.out}/network.py and network.safetensors")
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


def restore_network(
    storage: Storage, trial: str, config: TrialConfig
) -> tuple[nn.Module, tuple[int, int, int]]:
    """Return the network of a trial's newest checkpoint and the shape of its images."""
    found = read_checkpoints(storage, trial)
    if not found:
        raise ValueError(
            f"--trial: expected a trial with a checkpoint, got {trial}, which has none: one that "
            "finishes keeps it only with --keep-checkpoints"
        )
    facts = read_trial_facts(config.data, data_root())
    state = dense(replace(config, model=replace(config.model, weights="")), facts)
    restore_state(found[0], state)
    return state.model, facts.image_shape


def export(model: nn.Module, image_shape: tuple[int, int, int], folder: Path) -> nn.Module:
    """Write network.py and network.safetensors; return the exported network, in eval mode.

    Args:
        model: trained; stays as it was.
        image_shape: (channels, height, width).
        folder: where to; made if it is not there.

    Raises:
        ValueError: the folder cannot be made, or the exported network would compute other logits.
    """
    network, twin = make_plain(model), copy.deepcopy(model).cpu()
    dtype = next(twin.parameters()).dtype
    pixels = torch.randn(4, *image_shape, generator=torch.Generator().manual_seed(0)).to(dtype)
    if (apart := measure_distance(twin, network, pixels)) > CLOSE:
        raise ValueError(f"export: expected logits within {CLOSE} of the trial's, got {apart}")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out: expected a folder that can be made, got {folder}") from error
    (folder / "network.py").write_text(make_source(network))
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    save_file(tensors, folder / "network.safetensors")
    return network
