"""What the figure of scalings says of its fits, and of settings too few to fit anything."""

import pandas as pd

from nvp.analysis import style
from nvp.analysis.statistics.collapse import (
    CANDIDATES,
    FEWEST_DEADLY,
    LEAST_DEAD,
    LEAST_LEARNED,
    count_deadly_cells,
)

PART = "part"  # of the figure, a row of panels: a length of training, of a data set


def begin(part: str) -> str:
    """Return a part as the first words of a sentence."""
    return part[:1].upper() + part[1:]


def write(scaling: str) -> str:
    """Return a scaling by the letters of the axes, on which the effective learning rate is η."""
    return scaling.replace("lr", "η")


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
    said = "so it fits best" if first["best"] else "so no winner is named"
    return (
        f"{begin(str(first[PART]))}: {write(first['scaling'])} leads {write(second['scaling'])} by "
        f"{format_lead(second)} in R², {said}."
    )


def format_lead(second: pd.Series) -> str:
    """Return how far the second scaling is behind the first one, in R², with its interval."""
    if pd.isna(second["behind_low"]):
        return f"{second['behind']:.2g}"
    return f"{second['behind']:.2g} [{second['behind_low']:.2g}, {second['behind_high']:.2g}]"


def define_rate(trials: pd.DataFrame) -> str:
    """Return what η is in trials: momentum counts under SGD, see `add_scalings`."""
    return "lr / (1 − momentum)" if (trials["optim.name"] == "sgd").any() else "lr"


def lost_caption(frame: pd.DataFrame) -> str:
    """Return how many settings learned too little to be fitted; "" of none."""
    lost = int((~frame["learned"]).sum())
    return (
        f"Hollow: {lost} of {len(frame)} settings, in no fit, since their mean test accuracy is "
        f"less than {LEAST_LEARNED:g} of the best one's beside them."
        if lost
        else ""
    )


def tell_leads(table: pd.DataFrame, rate: str) -> str:
    """Return in a sentence which scaling fits best in which part; "" where nothing is fitted.

    Args:
        table: of `fit_scalings` with a column `part`, the parts one below the other.
        rate: what η is.
    """
    sure: dict[str, list[str]] = {}
    unsure = []
    for part, own in table.groupby(PART):
        first, second = own.iloc[0], own.iloc[1]
        name, lead = write(first["scaling"]), format_lead(second)
        if first["best"]:
            told = f"{part} (its R² is {lead} above that of {write(second['scaling'])})"
            sure.setdefault(name, []).append(told)
        else:
            unsure.append(f"{part} (the R² of {name} is highest, by {lead})")
    said = [f"{name} tells best how many neurons die {list_parts(of)}" for name, of in sure.items()]
    said += [f"none is surely the best {list_parts(unsure)}"] if unsure else []
    names = style.join_words(map(write, CANDIDATES))
    rate = rate.replace("lr", "learning rate")
    meaning = f"η: {rate}, B: batch size; R² is of settings left out of the fit, it can be negative"
    found = "; but ".join(said)
    return f"Of {names} ({meaning}), {found}." if said else ""


def list_parts(told: list[str]) -> str:
    """Return what is told of parts as the end of a sentence."""
    return f"with {' and with '.join(told)}"


def power_caption(table: pd.DataFrame, part: str) -> str:
    """Return the power of lr that the dead fraction goes with, beside what is published."""
    own = table[table["of"] == "lr"]
    if own.empty:
        return ""
    row = own.iloc[0]
    return (
        f"{begin(part)}: dead fraction ∝ η^{row['power']:.2g} "
        f"[{row['low']:.2g}, {row['high']:.2g}]; claimed: η^{row['claimed']:g}."
    )
