"""What the figure of scalings says of its fits, and of settings too few to fit anything."""

import pandas as pd

from nvp.analysis.statistics.collapse import FEWEST_DEADLY, LEAST_DEAD, count_deadly_cells

PART = "part"  # of the figure, a row of panels: a length of training, of a data set


def begin(part: str) -> str:
    """Return a part as the first words of a sentence."""
    return part[:1].upper() + part[1:]


def few_caption(rows: pd.DataFrame, part: str) -> str:
    """Return why nothing is fitted: neurons died in too few settings."""
    deadly, count = count_deadly_cells(rows), rows["cell"].nunique()
    return (
        f"{begin(part)}: {LEAST_DEAD:.0%} of the neurons or more died in {deadly} of "
        f"{count} settings, and it takes {FEWEST_DEADLY} to fit anything: neither a best scaling "
        "nor a power is named."
    )


def fit_caption(frame: pd.DataFrame, table: pd.DataFrame) -> str:
    """Return what R² and the curve are; "" where nothing is fitted."""
    if table.empty:
        return ""
    known = frame.dropna(subset=["constant"])
    constant = ", ".join(f"{c:.2g}" for c in known.groupby(PART)["constant"].first())
    most = table.groupby(PART)["explainable"].first().items()
    ceiling = ", ".join(
        f"{'unknown of one seed' if pd.isna(share) else f'{share:.2f}'} ({part})"
        for part, share in most
    )
    return (
        "R²: of settings left out of an isotonic fit [95 % interval, settings drawn with "
        f"replacement]; what lies between settings, and can be explained: {ceiling}. "
        f"Curve: 2Φ(−c / walk), one constant fitted: c = {constant}."
    )


def lead_caption(table: pd.DataFrame) -> str:
    """Return by how much the largest R² leads, and whether that makes it the best one."""
    first, second = table.iloc[0], table.iloc[1]
    part = str(first[PART])
    lead = f"{second['behind']:.2g}"
    if not pd.isna(second["behind_low"]):
        lead += f" [{second['behind_low']:.2g}, {second['behind_high']:.2g}]"
    said = "so it fits best" if first["best"] else "so no winner is named"
    return f"{begin(part)}: {first['scaling']} leads {second['scaling']} by {lead} in R², {said}."


def power_caption(table: pd.DataFrame, part: str) -> str:
    """Return the power of lr that the dead fraction goes with, beside what is published."""
    own = table[table["of"] == "lr"]
    if own.empty:
        return ""
    row = own.iloc[0]
    return (
        f"{begin(part)}: dead fraction ∝ lr^{row['power']:.2g} "
        f"[{row['low']:.2g}, {row['high']:.2g}]; claimed: lr^{row['claimed']:g}."
    )
