"""What `model.weights` names: weights of torchvision or timm, a URL, or a file."""

import hashlib
import os
from urllib.parse import unquote, urlsplit

from nvp.config.registry import shorten_text
from nvp.config.trial_config import ModelConfig
from nvp.models.pretrained.source import Source
from nvp.models.pretrained.timm_weights import find_timm_source
from nvp.models.pretrained.torchvision_weights import find_torchvision_source

SUFFIXES = (".safetensors", ".pth")
SHAPES = "torchvision:NAME, timm:TAG, a URL, or a .safetensors or .pth file"
WORDS = {"torchvision": "torchvision:DEFAULT", "timm": "timm:default"}


def find_source(config: ModelConfig) -> Source:
    """Return what `model.weights` stands for; only its name is looked at.

    Raises:
        ValueError: the model has no weights of this name; in one line, with the nearest one.
    """
    text = config.weights
    scheme, colon, name = text.partition(":")
    if colon and scheme == "torchvision":
        return find_torchvision_source(config, name)
    if colon and scheme == "timm":
        return find_timm_source(config, name)
    if colon and scheme in ("http", "https"):
        return find_url(text)
    if colon and scheme == "file":
        return Source(name=text, path=unquote(urlsplit(text).path))
    if not os.path.exists(text):
        refuse_word(text)
    return Source(name=text, path=text)


def find_url(url: str) -> Source:
    """Return the source of a URL, whose file has a folder of its own, since many are model.pth."""
    parts = urlsplit(url)
    name = os.path.basename(unquote(parts.path))
    if not parts.hostname or not name.endswith(SUFFIXES):
        raise ValueError(
            f"model.weights: expected the URL of a {' or '.join(SUFFIXES)} file, got "
            f"{shorten_text(repr(url))}"
        )
    if parts.username or parts.password:
        raise ValueError(
            "model.weights: expected a URL without a user name and a password, since tables hold "
            f"it, got one for {parts.hostname}"
        )
    folder = hashlib.sha256(url.encode()).hexdigest()[:12]
    return Source(name=url, url=url, below=f"{folder}/{name}")


def refuse_word(text: str) -> None:
    """Raise ValueError for a text that is no path, but part of a name."""
    if text in WORDS:
        raise ValueError(
            f"model.weights: expected {SHAPES}; got {text!r} (did you mean {WORDS[text]!r}?)"
        )
    if text == "DEFAULT" or text.startswith("IMAGENET1K") or "_Weights." in text:
        raise ValueError(
            f"model.weights: expected {SHAPES}; got {text!r} (did you mean 'torchvision:{text}'?)"
        )
    scheme, colon, _ = text.partition(":")
    if colon and scheme.isidentifier() and len(scheme) > 1 and "/" not in text:
        raise ValueError(
            f"model.weights: expected {SHAPES}; got {shorten_text(repr(text))}, and there is no "
            "such file"
        )
