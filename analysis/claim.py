"""A claim of a paper, and what the tables of a study say of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.answer import answer, difference
from analysis.load import StudyFrames
from analysis.question import Contrast, End, Question

CIFAR = {"data.name": "cifar10", "model.name": "resnet18"}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A claim of a source.

    Attributes:
        source: where it is made.
        says: what it says.
        study: the study that tests it.
        contrast: the comparison of that study that does; None when none can.
        expects: how the comparison comes out if the claim holds: more, less or no winner.
        setting: configuration values of the source's own experiment.
        why: of a claim that nothing here tests.
    """

    source: str
    says: str
    study: str = ""
    contrast: Contrast | None = None
    expects: str = "more"
    setting: Mapping[str, Any] = field(default_factory=lambda: CIFAR)
    why: str = ""


def rows_of(claim: Claim, studies: list[StudyFrames]) -> Iterator[dict[str, str]]:
    """Yield a row for each run that tests a claim; one that says so when none does."""
    tested = False
    for frames in studies:
        if claim.contrast and frames.name == claim.study and comparable(claim, frames):
            tested = True
            yield {"source": claim.source, "says": claim.says} | found(claim, frames)
    if not tested:
        why = claim.why or f"not run: studies/{claim.study}.py"
        yield {
            "source": claim.source,
            "says": claim.says,
            "ran": why,
            "value": "",
            "verdict": "not run",
        }


def comparable(claim: Claim, frames: StudyFrames) -> bool:
    """Whether a study has the levels that a claim compares."""
    contrast = claim.contrast
    assert contrast
    asked = {contrast.key: [contrast.reference, *contrast.others]}
    asked |= {key: [level] for key, level in contrast.where.items()}
    return all(
        key in frames.trials and (isinstance(level, End) or level in frames.levels(key))
        for key, levels in asked.items()
        for level in levels
    )


def found(claim: Claim, frames: StudyFrames) -> dict[str, str]:
    """Return what a study says of a claim: what ran, the difference, the verdict."""
    contrast = replace(claim.contrast, by="") if claim.contrast else None
    assert contrast
    asked = Question(ask="", x=contrast.key, hue=contrast.key, figures=(), contrasts=(contrast,))
    first = answer(frames, asked).iloc[0].to_dict()
    return {
        "ran": ran(frames),
        "value": f"{first['value']}, {first['contrast']}: {difference(first)}",
        "verdict": verdict(claim, first["verdict"], at_setting(claim, frames)),
    }


def verdict(claim: Claim, outcome: str, published: bool) -> str:
    """Return the verdict: at the source's setting, or the direction at a reduced scale."""
    if outcome.startswith("no pair"):
        return "not run"
    plain = "no winner" if outcome.startswith("no winner") else outcome
    if plain not in ("more", "less", "no winner"):
        return f"undecided ({outcome})"
    holds = plain == claim.expects
    if published:
        return "reproduced" if holds else "contradicted"
    if claim.expects == "no winner":
        return "no effect, as claimed" if holds else "an effect where none is claimed"
    if plain == "no winner":
        return "no effect"
    return "same direction" if holds else "opposite direction"


def at_setting(claim: Claim, frames: StudyFrames) -> bool:
    """Whether a study ran the published preset with the values of the source's experiment."""
    base = frames.study.get("base", {})
    whole = not base.get("data.images") and base.get("model.width") == 1.0
    agrees = all(base.get(key) == value for key, value in claim.setting.items())
    return frames.preset == "paper" and whole and agrees and bool(claim.setting)


def ran(frames: StudyFrames) -> str:
    """Return what ran, in words: network, data, length, seeds, device."""
    trials = frames.trials[frames.trials["status"] == "done"]
    base = frames.study.get("base", {})
    names = [" and ".join(map(str, trials[key].unique())) for key in ("model.name", "data.name")]
    width = "" if base.get("model.width") == 1.0 else f" x {base.get('model.width'):g}"
    part = f" ({base['data.images']:,} images)" if base.get("data.images") else ""
    epochs = sorted(trials["epochs"].unique())
    length = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
    seeds, devices = trials["seed"].nunique(), ", ".join(map(str, trials["device"].unique()))
    some = f"{seeds} seed" + ("s" if seeds > 1 else "")
    return f"{names[0]}{width}, {names[1]}{part}, {length} epochs, {some}, {devices}"
