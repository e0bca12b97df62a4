"""A check of a node before its first trial: has it all that trials need? It takes a second."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import torch

from nvp.config.dotted_names import add_folders, list_user_folders
from nvp.config.user_modules import find_modules
from nvp.data import data_root, load_data
from nvp.models.pretrained import Weights, find_copy
from nvp.running.provenance import code_hash, read_versions
from nvp.storage.store import Storage

MARK = ".mark"


@dataclass(frozen=True)
class NodeCheck:
    """The storage, data and software of the driver; each node must have the same.

    Attributes:
        place: of the study's storage, in which the file `mark` holds `token`.
        mark: name of a file.
        token: content of that file.
        data_root: folder of the data sets.
        data_names: the data sets that trials may read.
        device: "cpu" or "cuda".
        versions: of Python and the packages that results depend on.
        code: checksum of nvp's own source.
        folders: in which the driver finds the user's modules.
        names: the dotted names of the trials.
        modules: {the user's module that they reach: checksum of its file}.
        weights: the files that trials start from.
    """

    place: str
    mark: str
    token: str
    data_root: str
    data_names: tuple[str, ...]
    device: str
    versions: dict[str, str]
    code: str
    folders: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)
    weights: tuple[Weights, ...] = ()


def mark_storage(
    storage: Storage,
    data_names: tuple[str, ...],
    device: str,
    names: tuple[str, ...] = (),
    weights: tuple[Weights, ...] = (),
) -> NodeCheck:
    """Write a mark into the storage; return the check that looks for it.

    Only a node that sees the driver's storage can read the mark: a local folder of the same path
    on another machine does not have it.

    Args:
        storage: the study's.
        data_names: the data sets that trials may read.
        device: "cpu" or "cuda".
        names: the dotted names of the trials.
        weights: the files that they start from.
    """
    token = uuid.uuid4().hex
    storage.write(MARK, token.encode())
    return NodeCheck(
        place=storage.place,
        mark=MARK,
        token=token,
        data_root=str(data_root()),
        data_names=data_names,
        device=device,
        versions=read_versions(),
        code=code_hash(),
        folders=list_user_folders(),
        names=names,
        modules=hash_modules(names),
        weights=weights,
    )


def find_fault(check: NodeCheck) -> str:
    """Return why trials cannot run in this process, with the remedy; empty when they can."""
    searches = (
        find_storage_fault,
        find_code_fault,
        find_module_fault,
        find_gpu_fault,
        find_data_fault,
        find_weights_fault,
    )
    return next((fault for search in searches if (fault := search(check))), "")


def find_storage_fault(check: NodeCheck) -> str:
    """Return why the results would not reach the driver."""
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


def find_code_fault(check: NodeCheck) -> str:
    """Return which version or source file differs from the driver's."""
    own = read_versions()
    for name, version in check.versions.items():
        if own.get(name) != version:
            return (
                f"versions: expected {name} {version} as on the driver, got {own.get(name)}; "
                "set the node up again (ray up runs the setup commands)"
            )
    if code_hash() != check.code:
        return (
            "code: expected the driver's nvp, got other source files; sync the project to the "
            "node again (ray up does)"
        )
    return ""


def hash_modules(names: tuple[str, ...]) -> dict[str, str]:
    """Return {module: checksum of its file} of the user's modules that dotted names reach."""
    return {
        module: hashlib.sha256(file.read_bytes()).hexdigest()[:12]
        for module, file in find_modules(names).items()
    }


def find_module_fault(check: NodeCheck) -> str:
    """Return which module of the user's is not there, or differs from the driver's."""
    if not check.names:
        return ""
    add_folders(check.folders)
    remedy = (
        "bring the user's modules to every node, to the same path or as an installed package "
        "(docs/clusters.md)"
    )
    try:
        own = hash_modules(check.names)
    except ValueError as error:
        return f"code: {error}; {remedy}"
    for module, checksum in check.modules.items():
        if own.get(module) != checksum:
            return f"code: expected the driver's module {module}, got another file; {remedy}"
    return ""


def find_gpu_fault(check: NodeCheck) -> str:
    """Return that torch does not find the GPU that the node declares."""
    if check.device == "cpu" or torch.cuda.is_available():
        return ""
    return (
        "gpu: expected the GPU that the node declares, torch finds none; check the driver "
        f"(nvidia-smi) against CUDA {torch.version.cuda}, or --gpus-per-trial 0"
    )


def find_data_fault(check: NodeCheck) -> str:
    """Return which data set is missing, where it was looked for and how to get it."""
    for name in check.data_names:
        try:
            load_data(name, Path(check.data_root), check.device)
        except (ValueError, OSError) as error:
            return f"data: {error}"
    return ""


def find_weights_fault(check: NodeCheck) -> str:
    """Return which file of weights is missing or is another one than the driver's."""
    for weights in check.weights:
        try:
            find_copy(weights)
        except (ValueError, OSError) as error:
            return f"weights: {error}"
    return ""
