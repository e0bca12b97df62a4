"""Which version of the code made a trial: its column `code`, null where that is not known. Pure."""

import pandas as pd

from nvp.config.registry import suggest_nearest

UNKNOWN = "unknown"  # of rows of before the column was there


def name_codes(trials: pd.DataFrame) -> pd.Series:
    """Return the version of the code of each trial, UNKNOWN where its row does not say."""
    if "code" not in trials:
        return pd.Series(UNKNOWN, trials.index)
    codes = trials["code"].astype(object)
    return codes.where(codes.notna() & (codes != ""), UNKNOWN)


def count_codes(trials: pd.DataFrame) -> dict[str, int]:
    """Return {version of the code: trials}, the commonest first, UNKNOWN last."""
    counts = {str(code): int(count) for code, count in name_codes(trials).value_counts().items()}
    return {code: counts[code] for code in sorted(counts, key=lambda code: code == UNKNOWN)}


def describe_codes(trials: pd.DataFrame) -> str:
    """Return how many trials are of which version of the code; "" where all are of one."""
    counts = count_codes(trials)
    if len(counts) < 2:
        return ""
    said = ", ".join(
        f"{count} of an {UNKNOWN} one" if code == UNKNOWN else f"{count} of {code}"
        for code, count in counts.items()
    )
    return f"Trials of several versions of the code: {said} (--code keeps them apart)."


def select_code(trials: pd.DataFrame, code: str) -> pd.DataFrame:
    """Return the trials of one version of the code; all of them for "".

    Raises:
        ValueError: no trial is of that version; the message has those that are there.
    """
    if not code:
        return trials
    counts = count_codes(trials)
    if code not in counts:
        there = ", ".join(f"{name} ({count} trials)" for name, count in counts.items())
        raise ValueError(
            f"--code: expected one of {there}, got {code!r}{suggest_nearest(code, counts)}"
        )
    return trials[name_codes(trials) == code]
