"""Checkpoints: a TrainState as one safetensors file; its JSON header holds the other values.

Nothing executable is ever read from storage.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from nvp.network.groups import find_groups
from nvp.network.removal import keep_units
from nvp.network.ties import drop_ties, restore_ties
from nvp.network.train_state import TrainState
from nvp.network.weight_masks import make_room
from nvp.storage.sealed import seal_name
from nvp.storage.store import Storage
from nvp.trial.checkpoint_owner import read_header, read_own

KEEP_LAST = 2
MEMORIES = ("idle", "dead", "kept", "memory", "remedy")  # of TrainState


@dataclass(frozen=True)
class Checkpoint:
    """A saved state as it was read: its tensors, and the values saved beside them."""

    name: str
    tensors: dict[str, Tensor]
    header: dict[str, Any]

    @property
    def held(self) -> bytes:
        """Return the rows that were held back, encoded; empty when there were none."""
        return self.tensors["held"].numpy().tobytes() if "held" in self.tensors else b""


def list_tensors(state: TrainState) -> dict[str, Tensor]:
    """Return every tensor of a state once, under a unique name, contiguous."""
    own = drop_ties(state.model.state_dict())
    tensors = {f"model/{name}": tensor for name, tensor in own.items()}
    names = [name for name, _ in state.model.named_parameters()]
    for index, moments in state.optimizer.state_dict()["state"].items():
        for key, value in moments.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer/{names[index]}/{key}"] = value
    for kind in MEMORIES:
        for path, tensor in getattr(state, kind).items():
            tensors[f"{kind}/{path}"] = tensor
    return {name: tensor.detach().contiguous() for name, tensor in tensors.items()}


def save_checkpoint(
    storage: Storage, trial_id: str, state: TrainState, header: dict[str, Any], held: bytes = b""
) -> None:
    """Write a checkpoint and delete all but the last two of the trial.

    Args:
        storage: the study's.
        trial_id: of the trial.
        state: between two measuring points.
        header: plain JSON values to save beside it.
        held: rows that are held back (`Attempt.write_rows`), encoded.
    """
    own: dict[str, Any] = {"epoch": state.epoch, "step": state.step, "forked": state.forked}
    own |= {"trial_id": trial_id, "task": state.task, "online": state.online}
    header = own | {"left": read_kept_units(state.model)} | header  # "left" as in older files
    tensors = list_tensors(state)
    if held:
        tensors["held"] = torch.frombuffer(bytearray(held), dtype=torch.uint8)
    content = save(tensors, metadata={"header": json.dumps(header)})
    folder = f"checkpoints/{trial_id}"
    name = seal_name(f"{folder}/{state.epoch:05d}", "safetensors", content)
    storage.write(name, content)
    others = sorted(n for n in storage.files(folder) if n != name)
    # Checkpoints past this epoch are of an attempt that could not be restored from them.
    later = [n for n in others if n > f"{folder}/{state.epoch + 1:05d}"]
    earlier = [n for n in others if n not in later]
    storage.delete(later + earlier[: 1 - KEEP_LAST])


def remove_leftovers(storage: Storage, finished: Mapping[str, dict[str, Any]]) -> None:
    """Delete checkpoints that a process could not: it died right after it wrote its trial's row.

    Args:
        storage: the study's; nothing else runs in it.
        finished: rows of `trials` by id, of trials that do not go on.
    """
    spent = {name for name, row in finished.items() if row["checkpoint_kept"] is False}
    storage.delete([n for n in storage.files("checkpoints") if n.split("/")[1] in spent])


def read_checkpoints(storage: Storage, trial_id: str) -> list[Checkpoint]:
    """Return a trial's checkpoints, newest first.

    One that is damaged, or that was moved here from another trial, is named in a warning.
    """
    found = []
    for name in sorted(storage.files(f"checkpoints/{trial_id}"), reverse=True):
        content = read_own(storage, name)
        if content is not None:
            header = read_header(content)
            found.append(Checkpoint(name=name, tensors=load(content), header=header))
    return found


def has_last_checkpoint(storage: Storage, names: Iterable[str], epochs: int) -> bool:
    """Whether one of a trial's checkpoints is of its end, whole and its own.

    Args:
        storage: the study's.
        names: of the checkpoints in the trial's folder.
        epochs: that the trial finished.
    """
    last = [name for name in names if name.split("/")[-1].startswith(f"{epochs:05d}-")]
    return any(read_own(storage, name) is not None for name in last)


def read_kept_units(model: nn.Module) -> dict[str, list[int]]:
    """Return {group: dense indices of the units that remain} of every group that lost some."""
    groups = find_groups(model).items()
    return {name: g.origin.tolist() for name, g in groups if len(g.keep) < g.dense}


def restore_state(checkpoint: Checkpoint, state: TrainState) -> None:
    """Bring `state`, freshly built from the same configuration, to where the checkpoint was."""
    device = next(state.model.parameters()).device
    tensors = group_tensors(checkpoint, device)
    # The saved network may be smaller than a fresh one, and may have masks of weights.
    kept = checkpoint.header.get("left", {})
    keep_units(state.model, {g: torch.tensor(i, device=device) for g, i in kept.items()})
    own = state.model.state_dict()
    for name in set(tensors["model"]) - set(own):
        make_room(state.model, name, tensors["model"][name])
    state.model.load_state_dict(restore_ties(tensors["model"], own))
    restore_moments(state, tensors["optimizer"])
    for kind in MEMORIES:
        setattr(state, kind, tensors[kind])
    state.epoch, state.step = checkpoint.header["epoch"], checkpoint.header["step"]
    state.forked = checkpoint.header.get("forked", -1)
    state.task = checkpoint.header.get("task", 0)
    online = checkpoint.header.get("online")
    state.online = (online[0], online[1]) if online else None


def group_tensors(checkpoint: Checkpoint, device: torch.device) -> dict[str, dict[str, Tensor]]:
    """Return {kind: {name: tensor}} of the kinds that `list_tensors` names, on a device."""
    grouped: dict[str, dict[str, Tensor]] = {kind: {} for kind in ("model", "optimizer", *MEMORIES)}
    for name, tensor in checkpoint.tensors.items():
        kind, _, rest = name.partition("/")
        if rest:
            grouped[kind][rest] = tensor.to(device)
    return grouped


def restore_moments(state: TrainState, tensors: dict[str, Tensor]) -> None:
    """Load {"parameter/key": moment} into the optimizer of `state`."""
    parameters = dict(state.model.named_parameters())
    index = {name: i for i, name in enumerate(parameters)}
    moments: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        parameter, _, key = name.rpartition("/")
        moments.setdefault(index[parameter], {})[key] = match_strides(tensor, parameters[parameter])
    groups = state.optimizer.state_dict()["param_groups"]
    state.optimizer.load_state_dict({"state": moments, "param_groups": groups})


def match_strides(moment: Tensor, parameter: Tensor) -> Tensor:
    """Return a moment with the strides of its parameter.

    A fused optimizer walks through the memory of both in the same order, so a channels-last
    parameter needs channels-last moments.
    """
    if moment.shape != parameter.shape:
        return moment
    return torch.empty_like(parameter, requires_grad=False).copy_(moment)
