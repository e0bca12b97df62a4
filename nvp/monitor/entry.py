"""An observation as one file: its rows, the marks of the network, and what happened before it.

The file is a safetensors file with a JSON header, as a checkpoint is, and names its trial.
"""

import json
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from safetensors.torch import load, save
from torch import Tensor

from nvp.monitor.changes import Changes
from nvp.monitor.marks import Marks
from nvp.storage.codec import Rows, decode_rows, encode_rows
from nvp.trial.checkpoint_owner import read_header

TABLES = ("epochs", "layers", "neurons", "events")
MARKS = ("kept", "dead", "weights")


@dataclass(frozen=True)
class Entry:
    """An observation.

    Attributes:
        epoch: of the observation.
        rows: {table: its rows}; of events those that the observation found, died and revived.
        marks: of the network.
        last: columns of `trials` of this observation.
        diary: values of the trial so far: when it started, its seconds, its code, its probe.
        before: what happened to the network since the observation before; None of the first.
    """

    epoch: int
    rows: dict[str, Rows]
    marks: Marks
    last: dict[str, Any]
    diary: dict[str, Any]
    before: Changes | None = None


def encode_entry(trial_id: str, entry: Entry) -> bytes:
    """Return an entry as a file."""
    tensors = {f"rows/{name}": from_bytes(encode_rows(rows)) for name, rows in entry.rows.items()}
    for kind in MARKS:
        for name, values in getattr(entry.marks, kind).items():
            tensors[f"{kind}/{name}"] = pack_bits(values)
    header = {
        "trial_id": trial_id,
        "epoch": entry.epoch,
        "present": entry.marks.present,
        "shapes": {name: list(keep.shape) for name, keep in entry.marks.weights.items()},
        "last": entry.last,
        "diary": entry.diary,
        "before": entry.before and asdict(entry.before),
    }
    return save(tensors, metadata={"header": json.dumps(header)})


def decode_entry(content: bytes) -> Entry:
    """Return the entry of a file."""
    header, tensors = read_header(content), load(content)
    kinds: dict[str, dict[str, Tensor]] = {kind: {} for kind in (*MARKS, "rows")}
    for name, tensor in tensors.items():
        kind, _, rest = name.partition("/")
        kinds[kind][rest] = tensor
    rows = {name: decode_rows(tensor.numpy().tobytes()) for name, tensor in kinds["rows"].items()}
    shapes, before = header["shapes"], header["before"]
    if before:
        before = Changes(**before | {"events": [tuple(event) for event in before["events"]]})
    marks = Marks(
        kept={name: unpack_bits(bits) for name, bits in kinds["kept"].items()},
        dead={name: unpack_bits(bits) for name, bits in kinds["dead"].items()},
        present=header["present"],
        weights={n: unpack_bits(bits).view(shapes[n]) for n, bits in kinds["weights"].items()},
    )
    return Entry(header["epoch"], rows, marks, header["last"], header["diary"], before)


def from_bytes(content: bytes) -> Tensor:
    """Return bytes as a tensor."""
    return torch.frombuffer(bytearray(content), dtype=torch.uint8)


def pack_bits(values: Tensor) -> Tensor:
    """Return a boolean tensor as bytes of eight; the first byte is the number of bits left out."""
    rest = -values.numel() % 8
    packed = np.packbits(values.flatten().numpy(), bitorder="little")
    return torch.from_numpy(np.append(np.uint8(rest), packed))


def unpack_bits(packed: Tensor) -> Tensor:
    """Return the boolean tensor that was packed, flat."""
    count = 8 * (len(packed) - 1) - int(packed[0])
    bits = np.unpackbits(packed[1:].numpy(), count=count, bitorder="little")
    return torch.from_numpy(bits.astype(bool))
