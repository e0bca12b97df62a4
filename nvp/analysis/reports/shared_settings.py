"""The configuration that all trials of a study share, in words. Pure."""

from typing import Any

from nvp.analysis import style
from nvp.analysis.frames.configuration import PENALTIES
from nvp.analysis.frames.load import StudyFrames

OF_SWEPT = {"length": ("epochs", "steps"), "penalty": PENALTIES, "strength": PENALTIES}
NO_SETTING = ("seed", "revision", "parent")
LENGTHS = {"epochs": "length (epochs)", "steps": "length (steps)"}  # the other one is not read


def list_shared(frames: StudyFrames) -> list[tuple[str, str, str]]:
    """Return (name in words, value, key) of each setting that is not swept."""
    swept = {part for key in frames.swept for part in (key, *OF_SWEPT.get(key, ()))}
    base: dict[str, Any] = frames.study.get("base", {})
    swept.add("epochs" if base.get("steps") else "steps")
    return [
        (name_setting(key), show_value(key, value), key)
        for key, value in base.items()
        if key not in swept and key not in NO_SETTING and not has_several(frames, key)
    ]


def has_several(frames: StudyFrames, key: str) -> bool:
    """Whether trials differ in a setting, though it is not an axis of its own."""
    if key in ("epochs", "steps") or key not in frames.trials:  # of a trial: how far it came
        return False
    return frames.trials[key].astype(str).nunique() > 1


def name_setting(key: str) -> str:
    """Return what a setting is called."""
    if key in LENGTHS:
        return LENGTHS[key]
    label = style.plain_label(key)
    return style.spell_key(key) if label == key else label


def show_value(key: str, value: Any) -> str:
    """Return a value as a reader writes it."""
    if value in ("", None):
        return "by default"
    if isinstance(value, list):
        return style.value_text(tuple(value))
    if isinstance(value, dict):
        return ", ".join(f"{name} = {one}" for name, one in value.items()) or "by default"
    return style.value_text(value, key)
