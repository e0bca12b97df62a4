"""The rows of claims in docs/reproduction.md: the study that tests a claim, and its result."""

from collections.abc import Iterator
from dataclasses import replace

from nvp.analysis.answers.answer import answer, select_compared
from nvp.analysis.answers.wording import format_difference
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.claim import Claim
from nvp.analysis.reproduction.verdict import compare_with_bound, judge_claim, matches_source
from nvp.analysis.selection.question import DEATH, METHOD, NONE, Contrast, End, Question
from nvp.analysis.statistics.intervals import seed_interval


def find_evidence(claim: Claim, studies: list[StudyFrames]) -> Iterator[dict[str, str]]:
    """Yield a row for each run that tests a claim; one that says so when none does."""
    tested = False
    for frames in studies:
        if claim.study and frames.name == claim.study and is_comparable(claim, frames):
            tested = True
            tells = judge_share if claim.share else judge_contrast
            yield {"source": claim.source, "says": claim.says} | tells(claim, frames)
    if not tested:
        why = claim.why or f"not run: studies/{claim.study}.py"
        yield {
            "source": claim.source,
            "says": claim.says,
            "ran": why,
            "value": "",
            "verdict": "not run",
        }


def is_comparable(claim: Claim, frames: StudyFrames) -> bool:
    """Whether a study has the levels that a claim compares; of a number, unpruned trials."""
    contrast = claim.contrast
    if not contrast:
        return NONE in frames.levels(METHOD)
    needed = {contrast.key: [contrast.reference, *contrast.others]}
    needed |= {key: [level] for key, level in contrast.where.items()}
    if contrast.key in frames.trials and len(frames.levels(contrast.key)) < 2:
        return False  # nothing to compare with, yet
    return all(
        key in frames.trials and (isinstance(level, End) or level in frames.levels(key))
        for key, levels in needed.items()
        for level in levels
    )


def judge_contrast(claim: Claim, frames: StudyFrames) -> dict[str, str]:
    """Return the row of a comparison: what ran, the difference, the verdict."""
    contrast = replace(claim.contrast, by="") if claim.contrast else None
    assert contrast
    question = Question(ask="", x=contrast.key, hue=contrast.key, figures=(), contrasts=(contrast,))
    first = answer(frames, question).iloc[0].to_dict()
    judged = judge_claim(claim, first["verdict"], matches_source(claim, frames))
    return {
        "ran": describe_run(frames),
        "value": f"{first['value']}, {first['contrast']}: {format_difference(first)}",
        "verdict": "not tested: no neuron died" if nobody_died(frames, contrast) else judged,
    }


def nobody_died(frames: StudyFrames, contrast: Contrast) -> bool:
    """Whether a comparison of deaths is of trials in which there is none to compare."""
    if contrast.value != DEATH:
        return False
    _, rows = next(select_compared(frames, contrast))
    return bool((rows["fraction"] == 0).all())


def judge_share(claim: Claim, frames: StudyFrames) -> dict[str, str]:
    """Return the row of a number: what ran, its interval over seeds, the verdict."""
    share = claim.share
    assert share
    shares = share.of(frames)
    row = {
        "ran": describe_run(frames),
        "value": f"{share.words}: none to count",
        "verdict": "not run",
    }
    if len(shares):
        (cell,) = seed_interval(shares.assign(all=""), "value", ["all"]).to_dict("records")
        text = f"{cell['mean']:.3f}, one seed"
        if cell["n"] > 1:
            text = f"{cell['mean']:.3f} [{cell['low']:.3f}, {cell['high']:.3f}] ({cell['n']} seeds)"
        judged = judge_claim(
            claim, compare_with_bound(cell, share.above), matches_source(claim, frames)
        )
        row |= {"value": f"{share.words}: {text}", "verdict": judged}
    return row


def describe_run(frames: StudyFrames) -> str:
    """Return what ran, in words: network, data, length, seeds, device."""
    trials = frames.trials[frames.trials["status"] == "done"]
    base = frames.study.get("base", {})
    names = [" and ".join(map(str, trials[key].unique())) for key in ("model.name", "data.name")]
    width = "" if base.get("model.width") == 1.0 else f" x {base.get('model.width'):g}"
    part = f" ({base['data.images']:,} images)" if base.get("data.images") else ""
    epochs = sorted(trials["epochs"].unique())
    length = f"{epochs[0]}" if len(epochs) == 1 else f"{epochs[0]} to {epochs[-1]}"
    length += " epoch" if length == "1" else " epochs"
    seeds, devices = trials["seed"].nunique(), ", ".join(map(str, trials["device"].unique()))
    some = f"{seeds} seed" + ("s" if seeds > 1 else "")
    return f"{names[0]}{width}, {names[1]}{part}, {length}, {some}, {devices}"
