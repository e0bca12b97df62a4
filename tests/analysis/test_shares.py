"""Numbers that claims are about, of tables with known answers."""

from pathlib import Path

import pandas as pd
import pytest

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.reproduction.shares import (
    born_dead_by_depth,
    died_over_tasks,
    lost_plasticity,
    measure_dead,
    share_dying_again,
)
from nvp.storage.index import read_index
from nvp.storage.store import Storage


def test_of_the_revived_who_died_again() -> None:
    events = pd.DataFrame(
        [
            ("a", "l", 0, 1, "died", 0),
            ("a", "l", 0, 2, "revived", 0),
            ("a", "l", 0, 3, "died", 0),
            ("a", "l", 1, 1, "died", 0),
            ("a", "l", 1, 4, "revived", 0),  # and stayed
            ("a", "l", 2, 1, "died", 0),  # never revived
            ("b", "l", 0, 1, "died", 1),
            ("b", "l", 0, 2, "revived", 1),
            ("b", "m", 0, 3, "died", 1),  # another layer's neuron 0
        ],
        columns=pd.Index(["trial_id", "layer", "neuron", "epoch", "event", "seed"]),
    )
    until = pd.Series({"a": 4, "b": 4})
    told = share_dying_again(events, until).to_dict("list")
    assert told == {"seed": [0, 1], "value": [0.5, 0.0], "count": [2, 1]}
    assert share_dying_again(events[events["event"] == "died"], until).empty
    early = share_dying_again(events, pd.Series({"a": 3, "b": 1})).to_dict("list")
    assert early == {"seed": [0], "value": [1.0], "count": [1]}  # who revived later is left out


def test_dead_at_the_end_and_since_half_way() -> None:
    layers = pd.DataFrame(
        {
            "trial_id": ["a"] * 4 + ["b"] * 4,
            "seed": [0] * 4 + [1] * 4,
            "epoch": [0, 1, 3, 4] * 2,
            "kept": [10] * 8,
            "dead": [0, 2, 4, 5, 0, 1, 1, 1],
            "dormant_0025": [0] * 8,
            "negative_side": [None] * 8,
            "saturated": [None] * 8,
        }
    )
    assert measure_dead(layers, late=False)["value"].to_list() == pytest.approx([0.5, 0.1])
    # half-way of 4 epochs is 2; the last point before it is epoch 1
    assert measure_dead(layers, late=True)["value"].to_list() == pytest.approx([0.3, 0.0])


def make_frames(
    place: Path, trials: pd.DataFrame, layers: pd.DataFrame | None = None
) -> StudyFrames:
    """Return a study of made rows; nothing else is read of it."""
    trials = trials.assign(status="done")
    index = read_index(Storage.at(str(place)))
    frames = StudyFrames("made", "laptop", {}, ["seed"], trials, index)
    if layers is not None:
        vars(frames)["layers"] = layers
    return frames


def test_born_dead_at_the_largest_depth_minus_the_smallest(tmp_path: Path) -> None:
    rows = [(2, "none", 0, 10, 100), (10, "none", 0, 60, 200), (5, "none", 0, 0, 100)]
    rows += [(2, "none", 1, 0, 100), (10, "none", 1, 20, 200), (10, "batch", 1, 199, 200)]
    names = ["model.depth", "model.norm", "seed", "born_dead", "neurons"]
    trials = pd.DataFrame(rows, columns=pd.Index(names))
    found = born_dead_by_depth(make_frames(tmp_path, trials))
    assert found.to_dict("list") == {"seed": [0, 1], "value": pytest.approx([0.2, 0.1])}
    assert born_dead_by_depth(make_frames(tmp_path, trials[trials["model.depth"] == 2])).empty


TREATED = pd.DataFrame(
    [("a", 0, "none", 0.25), ("b", 1, "none", 0.5), ("c", 1, "redo", 0.0)],
    columns=pd.Index(["trial_id", "seed", "remedy.name", "plasticity_loss"]),
).assign(**{"data.tasks": 12})


def test_the_loss_of_plasticity_is_of_networks_without_a_remedy(tmp_path: Path) -> None:
    found = lost_plasticity(make_frames(tmp_path, TREATED))
    assert found.to_dict("list") == {"seed": [0, 1], "value": [0.25, 0.5]}


def test_deaths_over_tasks_are_at_their_ends(tmp_path: Path) -> None:
    rows = [("a", 0, 1, 9), ("a", 0, 2, 1), ("a", 1, 3, 0), ("a", 1, 4, 4)]
    rows += [("b", 0, 2, 0), ("b", 1, 4, 5), ("c", 0, 2, 0), ("c", 1, 4, 10)]
    layers = pd.DataFrame(rows, columns=pd.Index(["trial_id", "task", "epoch", "dead"]))
    found = died_over_tasks(make_frames(tmp_path, TREATED, layers.assign(kept=10)))
    assert found.to_dict("list") == {"seed": [0, 1], "value": pytest.approx([0.3, 0.5])}
