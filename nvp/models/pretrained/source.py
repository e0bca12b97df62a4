"""Source: where the file of pretrained weights is, or comes from."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import torch

CHECKSUM = re.compile(r"-([0-9a-f]{8,64})\.")  # torch.hub's way to name a file by its SHA-256


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a file of weights is, or comes from; the same on every machine.

    Attributes:
        name: in full, e.g. "torchvision:ResNet18_Weights.IMAGENET1K_V1", a URL, or a path.
        path: of a file of the user's; "" = it is downloaded.
        url: that it is downloaded from; "" = from the Hugging Face hub.
        below: its place below torch.hub's folder of checkpoints, where torchvision, too, puts it.
        repository: on the Hugging Face hub, whose own cache has it.
        remote_names: of the file in that repository; the first one that is there.
        megabytes: that it has; 0 = not known.
        architecture: timm's name of the model that has these weights.
    """

    name: str
    path: str = ""
    url: str = ""
    below: str = ""
    repository: str = ""
    remote_names: tuple[str, ...] = ()
    megabytes: float = 0.0
    architecture: str = ""

    @property
    def is_downloaded(self) -> bool:
        """Whether the driver may download it."""
        return bool(self.url or self.repository)

    def is_absent(self) -> bool:
        """Whether it is still to be downloaded: by the driver, when a study starts."""
        return self.is_downloaded and self.find() is None

    @property
    def checksum(self) -> str:
        """Return the first digits of the SHA-256 that the name of the file promises, or ""."""
        found = CHECKSUM.search(os.path.basename(self.below))
        return found[1] if found else ""

    @property
    def place(self) -> str:
        """Return where the file is on this machine, or belongs, in words for a message."""
        if self.repository:
            from huggingface_hub import constants

            return f"the cache of the Hugging Face hub, {constants.HF_HUB_CACHE}"
        return self.path or str(self.hub_file)

    @property
    def hub_file(self) -> Path:
        """Return the place of a download below TORCH_HOME."""
        return Path(torch.hub.get_dir()) / "checkpoints" / self.below

    @property
    def download(self) -> str:
        """Return what would be downloaded, from where and to where, in words."""
        origin = self.url or f"huggingface.co/{self.repository}"
        return f"{self.name}{f' from {origin}' if origin != self.name else ''} to {self.place}"

    @property
    def remedy(self) -> str:
        """Return what to do where there is no network, in words."""
        if not self.repository:
            return "bring the file there by hand, or name it: model.weights=FILE"
        return (
            f"get it where there is a network, hf download {self.repository} "
            f"{self.remote_names[0]}, and name it: model.weights=FILE"
        )

    def find(self) -> Path | None:
        """Return the file on this machine; None where it is not there. Nothing is downloaded."""
        if self.repository:
            return find_in_cache(self.repository, self.remote_names)
        file = self.path or str(self.hub_file)
        # os.path answers for names that no file can have; pathlib raises
        return Path(file) if os.path.isfile(file) else None


def find_in_cache(repository: str, names: tuple[str, ...]) -> Path | None:
    """Return a file of a repository that the cache of the Hugging Face hub has."""
    from huggingface_hub import try_to_load_from_cache

    for name in names:
        found = try_to_load_from_cache(repository, name)
        if isinstance(found, str):
            return Path(found)
    return None
