"""Load a study: its tables as tidy frames, every row with the swept keys of its trial."""

import json
import logging
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from nvp.analysis.frames.code_versions import select_code
from nvp.analysis.frames.configuration import (
    add_configuration,
    find_varied_keys,
    name_missing,
)
from nvp.analysis.frames.derive import add_keys
from nvp.analysis.frames.study_document import (
    LeftOut,
    check_document,
    count_left_out,
)
from nvp.config.numbers import has_long_number, make_canonical_values
from nvp.storage.columns import HEADS
from nvp.storage.incidents import read_incidents
from nvp.storage.index import Index, read_index
from nvp.storage.json_object import read_object
from nvp.storage.reader import read_table
from nvp.storage.studies import MONITOR, choose_preset, describe_missing, format_start
from nvp.storage.study_folder import open_study

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class StudyFrames:
    """The tables of one preset of a study. All but `trials` are read when first asked for.

    Attributes:
        name: the study.
        preset: the preset.
        study: study.json; {} when it is missing or damaged.
        swept: the keys that tell the trials apart; `seed` is the last one.
        trials: a row per finished trial, also a failed or diverged one, with every key of its
            configuration as a column. `epochs` and `steps` are the ones finished.
        index: where the other tables are read from, for the trials of `trials`.
        left_out: finished trials that are there and that the plan does not ask for.
        code: the one version of the code that all trials are of; "" = as they are.
    """

    name: str
    preset: str
    study: dict[str, Any]
    swept: list[str]
    trials: pd.DataFrame
    index: Index = field(repr=False)
    left_out: LeftOut = LeftOut()
    code: str = ""

    @cached_property
    def epochs(self) -> pd.DataFrame:
        """A row per (trial, epoch)."""
        return self.table("epochs")

    @cached_property
    def layers(self) -> pd.DataFrame:
        """A row per (trial, epoch, layer of neurons)."""
        rows = self.all_layers
        return rows if self.heads.empty else rows[rows["site"] != HEADS].reset_index(drop=True)

    @cached_property
    def heads(self) -> pd.DataFrame:
        """A row per (trial, epoch, attention), as `layers` has them: of heads, no neurons."""
        return self.all_layers[self.all_layers["site"] == HEADS].reset_index(drop=True)

    @cached_property
    def all_layers(self) -> pd.DataFrame:
        """A row per (trial, epoch, layer or attention)."""
        return self.table("layers")

    @cached_property
    def neurons(self) -> pd.DataFrame:
        """A row per (trial, epoch, layer, neuron), at the epochs that were sampled; no heads."""
        rows, heads = self.table("neurons"), self.heads["layer"].unique()
        return rows if not len(heads) else rows[~rows["layer"].isin(heads)].reset_index(drop=True)

    @cached_property
    def events(self) -> pd.DataFrame:
        """A row per thing that happened to a neuron; of weights, a row with the count per layer."""
        return self.table("events")

    @cached_property
    def incidents(self) -> pd.DataFrame:
        """A row per thing that went wrong around the trials, of all starts: see docs/tables.md."""
        return read_incidents(self.index.storage).to_pandas()

    def levels(self, key: str) -> list[Any]:
        """Return the levels of a key that trials have: numbers by size, names as planned.

        A name that was not planned comes first: the base's, where an axis does not apply.
        """
        found = self.trials[key].dropna().unique().tolist()
        planned = self.study.get("space", {}).get(key)
        if isinstance(planned, list) and any(isinstance(level, str) for level in found):
            base = [level for level in found if level not in planned]
            return base + [level for level in planned if level in found]
        return sorted(found, key=lambda level: (isinstance(level, str), level))

    def table(self, name: str) -> pd.DataFrame:
        """Return a table with the swept keys and the status joined on; names are categorical."""
        rows = read_table(self.index, name, list(self.trials["trial_id"])).to_pandas()
        return add_keys(rows, self.trials, [*self.swept, "status"])

    @property
    def unfinished(self) -> int:
        """How many trials of the plan have no row yet."""
        return len(set(self.study.get("trials", {})) - set(self.index.rows))


def load(
    place: str, study: str, preset: str = "auto", *, everything: bool = False, code: str = ""
) -> StudyFrames:
    """Return the frames of a study: the trials of its plan, or everything there is.

    A warning counts the trials that were left out. All frames but `trials` are read when they are
    first asked for.

    Args:
        place: storage place, a path or a URI.
        study: name of the study.
        preset: `quick`, `laptop` or `paper`; `auto` = the one that is there, of several the last
            started.
        everything: also trials of earlier plans and of one-off runs.
        code: only trials that this version of the code made: a value of the column `code`, or
            "unknown"; "" = all.

    Raises:
        ValueError: there is no such study at that place, no trial of it has finished, none is of
            that code, or a value in study.json is not what it should be.
    """
    frames = read_frames(place, study, preset, everything=everything, code=code)
    if frames.left_out.describe():
        logger.warning("%s: %s", frames.index.storage.root, frames.left_out.describe())
    return frames


def read_frames(
    place: str,
    study: str,
    preset: str = "auto",
    *,
    everything: bool = False,
    code: str = "",
    one_off: bool = False,
) -> StudyFrames:
    """Return the frames of a study as `load` does, and count nothing.

    With `one_off`, they are of the newest one-off plan instead of the study's.
    """
    preset, _ = choose_preset(place, study, preset)
    storage = open_study(place, study, preset)
    document = read_object(storage, "study.json")  # all of it: what is wrong is refused here
    check_document(document, storage)
    if one_off:
        document |= document.get("one_off", [{}])[-1]
    if has_long_number(json.dumps(document.get("base", {}))):
        document["base"] = make_canonical_values(document["base"])
    index = read_index(storage, checksums=False)
    if not document and not index.rows:
        raise ValueError(describe_missing(place, study, preset))
    if not document:
        logger.warning("no readable study.json in %s: all trials are shown", storage.root)
    if document.get("study", study) != study:
        logger.warning("%s holds tables of the study %r", storage.root, document["study"])
    planned = document.get("trials", {})
    chosen = [name for name in index.rows if everything or not planned or name in planned]
    if not chosen:
        raise ValueError(
            f"expected a finished trial in {storage.root}, got none of {len(planned)} planned and "
            f"{len(index.rows)} from earlier plans (--all shows those); to run it: "
            f"{format_start(place, study, preset)}"
        )
    left_out = LeftOut() if everything or not planned else count_left_out(document, index.rows)
    trials = select_code(read_table(index, "trials", chosen).to_pandas(), code)
    trials = add_configuration(trials.reset_index(drop=True))
    space = [] if everything else list(document.get("space", {}))
    swept = [key for key in space or find_varied_keys(trials) if key != "seed"]
    swept = ["length" if key == "steps" else key for key in swept]
    if document.get("search") == MONITOR:
        trials = name_missing(trials, swept)
    return StudyFrames(
        name=document.get("study", study),
        preset=preset,
        study=document,
        swept=[*swept, "seed"],
        trials=trials,
        index=index,
        left_out=left_out,
        code=code,
    )
