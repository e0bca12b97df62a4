"""Captions: over how many seeds a figure is, by which code, and which trials it leaves out."""

import pandas as pd

from nvp.analysis.frames.code_versions import describe_codes
from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.style.labels import plain_label


def interval_caption(frame: pd.DataFrame, *, center: str = "line") -> str:
    """Return what line and interval are, and n of a frame that `with_interval` made."""
    least, most = frame["n"].min(), frame["n"].max()
    if most == 1:
        return f"{center}: the one seed, n = 1, so there is no interval."
    n = f"n = {least:g} seeds" if least == most else f"n = {least:g} to {most:g} seeds"
    lone = " (none where n = 1)" if least == 1 else ""
    return f"{center}: mean; interval{lone}: 95 % t-interval of the mean over {n}."


FEWEST_FOR_BAND = 5  # seeds; of fewer the bands of several lines would hide each other


def band_caption(frame: pd.DataFrame) -> str:
    """Return what a line and its band are, or the bar at its end where seeds are few."""
    return interval_caption(frame).replace("interval", name_band(frame), 1)


def name_band(frame: pd.DataFrame) -> str:
    """Return what shows an interval along a line: see `panels.grid.draw_band`."""
    bars, bands = (frame["n"] < FEWEST_FOR_BAND).any(), (frame["n"] >= FEWEST_FOR_BAND).any()
    if bars and bands:
        return f"band, or bar at its end of fewer than {FEWEST_FOR_BAND} seeds"
    return "bar at its end" if bars else "band"


def born_dead_caption(count: int, neurons: int) -> str:
    """Return how many neurons were dead in the initial network, which no curve has."""
    return f"{count:,} of {neurons:,} neurons were born dead and are left out." if count else ""


def count_seeds(frame: pd.DataFrame) -> str:
    """Return over how many seeds the rows of a frame are: "n = 3 seeds"."""
    least, most = frame["n"].min(), frame["n"].max()
    n = f"{least:g}" if least == most else f"{least:g} to {most:g}"
    return f"n = {n} seed{'s' if most > 1 else ''}"


def seeds_caption(frame: pd.DataFrame, line: str) -> str:
    """Return the words for a line whose band is a bootstrap over seeds (`statistics.bootstrap`)."""
    least, most = frame["n"].min(), frame["n"].max()
    if most == 1:
        return f"Line: {line} of the one seed, n = 1, so there is no band."
    lone = " (none where n = 1)" if least == 1 else ""
    return (
        f"Line: {line}; {name_band(frame)}{lone}: 95 % t-interval by a bootstrap of trials, seed "
        f"by seed, {count_seeds(frame)}."
    )


def trials_caption(frames: StudyFrames, trials: pd.DataFrame) -> str:
    """Return what is to be known of `trials`: versions of the code, and what is not shown of them.

    Not shown are those that diverged, failed or are missing. Empty when there is nothing to say.
    """
    parts = [describe_codes(trials[trials["status"] == "done"])]
    if frames.code:
        parts.append(f"Only trials of the code {frames.code}.")
    for status in ("diverged", "failed", "censored"):
        count = int((trials["status"] == status).sum())
        if count:
            parts.append(f"{count} of {len(trials)} trials {status} and left out.")
    if frames.unfinished:
        planned = len(frames.study["trials"])
        parts.append(f"Partial study: {frames.unfinished} of {planned} trials not finished.")
    return " ".join(part for part in parts if part)


def pooled_caption(frames: StudyFrames, shown: list[str]) -> str:
    """Return which swept keys a figure averages over, seed by seed; empty when none."""
    pooled = [plain_label(key) for key in frames.swept if key not in [*shown, "seed"]]
    return f"Averaged, seed by seed, over {', '.join(pooled)}." if pooled else ""


NOISES = {
    "relative": "σ: noise over gradient norm.",
    "absolute": "σ: noise per entry, after clipping.",
    "official": "σ: noise per entry, before clipping.",
}


def noise_caption(frames: StudyFrames, keys: list[str]) -> str:
    """Return what σ is measured in; "" where no key is the noise, or several kinds are mixed."""
    if "optim.noise" not in keys or "optim.noise_kind" not in frames.trials:
        return ""
    kinds = frames.trials["optim.noise_kind"].unique()
    return NOISES[kinds[0]] if len(kinds) == 1 else ""


def join_captions(*parts: str) -> str:
    """Return the parts that say something as one text, capitalised."""
    text = " ".join(part for part in parts if part)
    return text[:1].upper() + text[1:]
