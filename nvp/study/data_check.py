"""The images that a start trains on, compared with those that the study's trials have seen.

A trial's name has the name of its data set, not the images: a folder whose images changed would be
mixed with the one before, under the same names of trials.
"""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from nvp.data import data_root, prepare_data
from nvp.data.fingerprint import describe_data, find_missing_data
from nvp.data.own import name_set
from nvp.data.splits import Splits
from nvp.planning.plan import Plan
from nvp.storage.index import Index
from nvp.storage.study_folder import read_study
from nvp.storage.writer import FINISHED
from nvp.study.start import Start
from nvp.trial.trial_row import hash_probe

REMEDY = (
    "bring those back, name another --storage, or let trials of both stand side by side: "
    "--accept-changed-data"
)


def check_all_data(start: Start, names: Collection[str], index: Index) -> dict[str, Any]:
    """Prepare the data sets of a start, by name; return what study.json is to keep of them.

    Raises:
        ValueError: one is not there, or has other images than the study's trials have seen.
    """
    known, accept = read_study(start.storage).get("data", {}), start.arguments.accept_changed_data
    root, plan, found = data_root(), start.plan, {}
    for name in sorted(names):
        seen = list_seen(plan, index, name)
        try:
            found[name] = check_data(name, root, known.get(name, {}), seen, accept=accept)
        except ValueError as error:
            if not find_missing_data(name, root):
                raise
            raise ValueError(f"{error}{name_way_without(start.preset)}") from None
    return found


def name_way_without(preset: str) -> str:
    """Return what to do without a preset's files, as the end of an error; "" where nothing."""
    return "; to go without them: --preset quick" if preset == "laptop" else ""


def check_data(
    name: str, root: Path, known: dict[str, Any], seen: dict[str, dict[str, Any]], *, accept: bool
) -> dict[str, Any]:
    """Prepare a data set and print what it has; return what study.json is to keep of it.

    Args:
        name: of the data set.
        root: folder of the data sets.
        known: what study.json has of it; {} when this is the first start with it.
        seen: {trial id: row} of the finished trials that have seen it.
        accept: whether other images than those are taken.

    Raises:
        ValueError: it is not there, or the images are others and not accepted.
    """
    splits = prepare_data(name, root)
    found = describe_data(name, root)._asdict()
    has = "{classes} classes, {images} images, fingerprint {fingerprint}".format(**found)
    train, val, test = (len(images) for images in (splits.train, splits.val, splits.test))
    print(f"data {name}: {has}; {train} train, {val} val, {test} test", flush=True)
    before = known.get("before", [])
    if change := describe_change(found, known, splits, seen):
        if not accept:
            raise ValueError(f"data {name}: {change}, got others in {root} ({has}); {REMEDY}")
        print(f"data {name}: accepted; {len(seen)} finished trials have seen the images before")
        before = [*before, known.get("fingerprint", "unknown")]
    return found | ({"before": before} if before else {})


def describe_change(
    found: dict[str, Any], known: dict[str, Any], splits: Splits, seen: dict[str, dict[str, Any]]
) -> str:
    """Return which images were expected, where they are not those that are there; else ""."""
    if known.get("fingerprint"):
        if known["fingerprint"] == found["fingerprint"]:
            return ""
        return (
            f"expected the images of the starts before ({known.get('classes')} classes, "
            f"{known.get('images')} images, fingerprint {known['fingerprint']})"
        )
    if others := count_other_probes(splits, seen):
        return f"expected the images that {others} finished trials have seen (their probe_hash)"
    return ""


def count_other_probes(splits: Splits, seen: dict[str, dict[str, Any]]) -> int:
    """Return how many rows are of another probe than the first images of these splits.

    For a study from before study.json had fingerprints.
    """
    hashes: dict[int, str] = {}
    others = 0
    for row in seen.values():
        size = row.get("probe_size")
        if size and row.get("probe_hash"):
            if size not in hashes:
                hashes[size] = hash_probe(splits.probe(size))
            others += row["probe_hash"] != hashes[size]
    return others


def list_seen(plan: Plan, index: Index, name: str) -> dict[str, dict[str, Any]]:
    """Return the rows of a plan's finished trials that have seen a data set."""
    return {
        trial: index.rows[trial]
        for trial, config in (plan.parents | plan.trials).items()
        if name_set(config.data) == name
        and trial in index.rows
        and index.rows[trial]["status"] in FINISHED
    }
