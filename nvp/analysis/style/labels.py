"""How keys, columns, levels and layers are written in a figure."""

import re
from collections.abc import Iterable
from typing import Any

from nvp.analysis.style.words import (
    ACTIVATIONS,
    DATA,
    LABELS,
    LAYERS,
    METHODS,
    MODELS,
    NORMS,
    OPTIMIZERS,
    REMEDIES,
    SYMBOLS,
)
from nvp.storage.schema import TABLES

NAMES = {
    "prune.method": METHODS,
    "remedy.name": REMEDIES,
    "model.norm": NORMS,
    "model.activation": ACTIVATIONS,
    "model.name": MODELS,
    "optim.name": OPTIMIZERS,
    "data.name": DATA,
}
SHORT = {
    "dead": "strictly dead\n(fraction of kept)",
    "dormant_0025": "dormant, τ = 0.025\n(fraction of kept)",
    "ever_died": "ever died\n(fraction of neurons)",
    "first_death": "first death, median\n(epoch)",
    "entropy": "activation entropy\n(fraction)",
    "test_accuracy": "test accuracy\n(fraction)",
    "sparsity": "sparsity reached\n(fraction of units)",
    "weight_sparsity": "weight sparsity\n(fraction of weights)",
}


def axis_label(key: str) -> str:
    """Return the axis label of a configuration key or a column, unit included."""
    if key in LABELS:
        return LABELS[key]
    for schema in TABLES.values():
        if key in schema.names:
            about = {k.decode(): v.decode() for k, v in schema.field(key).metadata.items()}
            return f"{about['meaning']} ({about['unit']})" if about["unit"] else about["meaning"]
    _, extra, own = key.partition(".extra.")  # a setting of the user's, by the name it has there
    return own.replace("_", " ") if extra else key


def plain_label(key: str) -> str:
    """Return the label of a key or a column without its unit, for a sentence."""
    return " ".join(axis_label(key).partition(" (")[0].split())


def join_words(words: Iterable[str]) -> str:
    """Return words as a list in a sentence: "SGD, Adam and AdamW"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def short_label(key: str) -> str:
    """Return a label for a narrow panel or a row, the unit on a line of its own."""
    return SHORT.get(key, axis_label(key).replace(" (", "\n("))


def upright_label(key: str) -> str:
    """Return the label of a y axis: the unit on a line of its own, so that it fits the height."""
    return axis_label(key).replace(" (", "\n(")


def level_text(key: str, value: Any) -> str:
    """Return a level of a configuration key with the key's short name, unbroken: "σ = 0.5"."""
    text = f"{SYMBOLS.get(key, key.rpartition('.')[2])} = {value_text(value, key)}"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def value_text(value: Any, key: str = "prune.method") -> str:
    """Return a value as a reader writes it: a method by its name, a number without zeros."""
    if isinstance(value, str):
        names = NAMES.get(key, {})
        plain = value if ":" in value else value.replace("_", " ")  # a dotted name is typed
        return names.get(value, plain or "the method's")
    if isinstance(value, tuple):
        return f"[{', '.join(value_text(one, '') for one in value)}]"
    return str(value) if isinstance(value, bool) or value is None else f"{value:g}"


def level_name(key: str, value: Any) -> str:
    """Return a level for a legend or a title: a name by itself, a number as in `level_text`."""
    return value_text(value, key) if isinstance(value, str) else level_text(key, value)


def layer_name(layer: str) -> str:
    """Return a layer in words: conv1 -> conv 1, stages.0.1.first -> stages 0.1 first."""
    spaced = re.sub(r"(?<=[^\W\d])[._]*(?=\d)", " ", layer)
    return LAYERS.get(layer, re.sub(r"[._]+(?=[^\W\d])", " ", spaced))
