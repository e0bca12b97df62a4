"""Settings that a design gives and its cells do not read: each would name one training twice.

Values of the base are never refused: trials that were run with them keep their names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from nvp.config.dotted_paths import flatten_config, read_value
from nvp.config.identity import find_changes
from nvp.config.space import Axis, Grid, list_cells
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.trial.settings_read import describe_readers, find_unread, name_controller

# The settings on which it depends what else is read.
DECISIVE = (
    "data.name",
    "data.task",
    "model.activation",
    "optim.name",
    "model.name",
    "model.norm",
    "model.weights",
    "optim.noise",
    "optim.schedule",
    "prune.allocation",
    "prune.criterion",
    "prune.live_noise",
    "prune.method",
    "prune.regrow",
    "prune.regrow_end",
    "prune.scale_l1",
    "prune.schedule",
    "prune.shrink",
    "remedy.name",
    "steps",
)
MOST_NAMES = 8  # of values in a message
Cells = list[tuple[Mapping[str, Any], TrialConfig, frozenset[str]]]


def check_reading(design: Design) -> None:
    """Raise ValueError for a setting of a flag or of an axis that the trials do not read.

    Args:
        design: its `given` are the paths of the flags. A flag is refused when no trial reads it;
            an axis, when a trial has it and does not read it: without a condition, or with several
            values. (A condition with one value gives no training a second name.)
    """
    cells = sample_cells(design)
    given = design.given | list_extra_paths(design.base)
    for path in sorted(given) if cells else ():
        if all(path in unread for _, _, unread in cells):
            raise ValueError(
                f"{'--set ' * (path in design.given)}{path}: no trial of this plan reads it; it is "
                "read with "
                f"{describe_readers(path)}, got {name_values(path, cells)}"
            )
    for path, axis in design.space.items():
        blind = [each for each in cells if path in each[0] and path in each[2]]
        several = not isinstance(axis, Grid) or len(axis.values) > 1
        if blind and (several or not axis.when):
            raise ValueError(
                f"{path}: the trials with {name_values(path, blind)} have this axis and do not "
                f"read it; it is read with {describe_readers(path)}: write when={{...}} on the axis"
            )


def describe_unread_base(design: Design) -> str:
    """Return which values of a script's base no trial reads, and what reads them; "" for none.

    They are said and not refused, since trials that were run with them keep their names. Where
    flags narrow a design, some of its base is left over by nature.
    """
    if design.given:
        return ""
    cells = sample_cells(design)
    unread = frozenset.intersection(*(each for _, _, each in cells)) if cells else frozenset()
    found = [
        f"{path}={value} (read with {describe_readers(path)})"
        for path, value in find_changes(design.base).items()
        if path in unread and path not in design.space
    ]
    return f"of the base, no trial reads {', '.join(found)}" if found else ""


def list_extra_paths(config: TrialConfig) -> set[str]:
    """Return the open settings of a configuration: `model.extra.depth`."""
    return {path for path in flatten_config(config) if ".extra." in path}


def narrow_design(design: Design, settings: dict[str, str], seeds: int | None) -> Design:
    """Return a design with base values replaced, without the axes that they end.

    A path that is set is no longer swept. Neither is one that no trial reads any more: the flag
    that fixes the method of a study ends the sweep of what its other methods read, as it ends an
    axis whose condition it does not meet. The base's value stays.
    """
    narrow = design.with_settings(settings, seeds)
    ended = find_unread_axes(narrow) if settings and narrow.space else set()
    ended -= find_unread_axes(design) if ended else set()  # a fault of the script is refused
    space = {path: axis for path, axis in narrow.space.items() if path not in ended}
    return replace(narrow, space=space) if ended else narrow


def find_unread_axes(design: Design) -> set[str]:
    """Return the axes that no trial reads; none where no trial can run at all."""
    cells = sample_cells(design)
    unread = frozenset.intersection(*(each for _, _, each in cells)) if cells else frozenset()
    return {path for path in design.space if path in unread}


def name_values(path: str, cells: Cells) -> str:
    """Return which values of the setting that decides about `path` some cells have."""
    controller = name_controller(path)
    values = dict.fromkeys(str(read_value(config, controller)) for _, config, _ in cells)
    more = f" and {len(values) - MOST_NAMES} others" if len(values) > MOST_NAMES else ""
    return f"{controller}={', '.join(list(values)[:MOST_NAMES])}{more}"


def sample_cells(design: Design) -> Cells:
    """Return (cell, configuration, what it does not read) of cells that read all there is to read.

    They have every value of the settings that are decisive, and the first one of all others. A
    cell that cannot run is left out: a search may have such combinations.
    """
    found = []
    for cell in list_sampled_cells(design.space):
        try:
            config = design.base.with_overrides(cell)
            found.append((cell, config, find_unread(config)))
        except ValueError:  # the plan names it when it is made; a search does not ask it
            continue
    return found


def list_sampled_cells(space: Mapping[str, Axis]) -> Iterator[dict[str, Any]]:
    """Yield the cells of the decisive axes; of a range, its high end."""
    decisive = {*DECISIVE, *(path for axis in space.values() for path in axis.when)}
    sampled = {}
    for path, axis in space.items():
        values = axis.values if isinstance(axis, Grid) else (axis.high,)
        sampled[path] = Grid(values if path in decisive else values[:1], axis.when)
    return list_cells(sampled)
