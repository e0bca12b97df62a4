"""Before the first trial on a node: has it what the trials need? Costs a second, once a process."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import torch

from nvp.data import data_root, load_data
from nvp.running.provenance import code_hash, versions
from nvp.storage.store import Storage


@dataclass(frozen=True)
class NodeCheck:
    """What the driver has, and each node must have too.

    Attributes:
        place: the study's storage, in which `mark` holds `token`.
        mark: a file's name.
        token: its content.
        root: folder of the data sets.
        data: their names.
        device: "cpu" or "cuda".
        versions: of Python and the packages that results depend on.
        code: checksum of nvp's own source.
    """

    place: str
    mark: str
    token: str
    root: str
    data: tuple[str, ...]
    device: str
    versions: dict[str, str]
    code: str


def mark_storage(storage: Storage, data: tuple[str, ...], device: str) -> NodeCheck:
    """Leave a mark in the storage; return the check that looks for it."""
    token = uuid.uuid4().hex
    storage.write(".mark", token.encode())
    root = str(data_root())
    return NodeCheck(storage.place, ".mark", token, root, data, device, versions(), code_hash())


def unfit(check: NodeCheck) -> str:
    """Return why trials cannot run in this process, with the remedy; empty when they can."""
    questions = (wrong_storage, wrong_code, no_gpu, no_data)
    return next((reason for question in questions if (reason := question(check))), "")


def wrong_storage(check: NodeCheck) -> str:
    """Return why results would not get to where the driver looks for them."""
    try:
        storage = Storage.at(check.place)
        found = storage.read_if_there(check.mark)
        if found == check.token.encode():
            name = f".node-{uuid.uuid4().hex}"
            storage.write(name, b"")
            storage.delete([name])
            return ""
    except (OSError, ValueError) as error:
        return f"storage: expected a place to write to, got {check.place}: {error}"
    return (
        f"storage: expected the driver's folder {check.place}, which this node does not see; name "
        "a place that all nodes reach: a shared mount or s3://bucket/folder (--storage)"
    )


def wrong_code(check: NodeCheck) -> str:
    """Return which version differs from the driver's."""
    here = versions()
    for name, version in check.versions.items():
        if here.get(name) != version:
            return (
                f"versions: expected {name} {version} as on the driver, got {here.get(name)}; "
                "set the node up again (ray up runs the setup commands)"
            )
    if code_hash() != check.code:
        return (
            "code: expected the driver's nvp, got other source files; sync the project to the "
            "node again (ray up does)"
        )
    return ""


def no_gpu(check: NodeCheck) -> str:
    """Return that a GPU was declared which torch does not find."""
    if check.device == "cpu" or torch.cuda.is_available():
        return ""
    return (
        "gpu: expected the GPU that the node declares, torch finds none; check the driver "
        f"(nvidia-smi) against CUDA {torch.version.cuda}, or --gpus-per-trial 0"
    )


def no_data(check: NodeCheck) -> str:
    """Return which data set is missing, where it was looked for and how to get it."""
    for name in check.data:
        try:
            load_data(name, Path(check.root), check.device)
        except (ValueError, OSError) as error:
            return f"data: {error}"
    return ""
