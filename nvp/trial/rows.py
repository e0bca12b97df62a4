"""Records to rows: the rows of each table for a measuring point."""

from dataclasses import asdict
from typing import Any, TypeAlias

from torch import Tensor

from nvp.storage.codec import Rows, join_rows, rows_from_columns
from nvp.storage.schema import RESET, SHRUNK, WEIGHT_EVENTS
from nvp.training.life_counts import count_changes
from nvp.training.record import EpochRecord, LayerRecord
from nvp.vitality import Activity, dormancy, is_inactive, nvi

# layer, neuron, event, cause, count
Event: TypeAlias = tuple[str, int | None, str, str, int | None]


def epoch_rows(trial_id: str, record: EpochRecord) -> Rows:
    """Return the row of `epochs`."""
    end = record.task_end
    columns: dict[str, Any] = {
        "task": record.task,
        "epoch": record.epoch,
        "step": record.step,
        "lr": record.lr,
        "train_loss": record.train_loss,
        "train_accuracy": record.train_accuracy,
        "val_loss": record.val_loss,
        "val_accuracy": record.val_accuracy,
        "task_accuracy": end and end.accuracy,
        "online_accuracy": end and end.online_accuracy,
        "sparsity_target": record.target,
        "sparsity": record.masked / max(record.units, 1),  # an adopted network may have none
        "weight_sparsity": record.masked_weights / record.weights,
        "noise_scale": record.noise_scale,
        **asdict(record.ranks),
    }
    seconds = {f"{part}_seconds": value for part, value in record.seconds.items()}
    return rows_from_columns("epochs", trial_id, columns | seconds)


def layer_rows(trial_id: str, record: EpochRecord) -> Rows:
    """Return a row of `layers` for each watched layer; means are over kept neurons."""
    return join_rows(
        rows_from_columns(
            "layers", trial_id, name_point(record) | layer_columns(depth, path, record)
        )
        for depth, path in enumerate(record.layers)
    )


def name_point(record: EpochRecord) -> dict[str, Any]:
    """Return the columns that say when a measuring point is."""
    return {"task": record.task, "epoch": record.epoch}


def layer_columns(depth: int, path: str, record: EpochRecord) -> dict[str, Any]:
    """Return the columns of one layer."""
    layer = record.layers[path]
    kept = int(layer.keep.sum())
    columns: dict[str, Any] = {
        "layer": path,
        "depth": depth,
        "site": layer.site,
        "dense": layer.dense,
        "kept": kept,
        "masked": layer.dense - kept,
        "pruned": int(layer.events["pruned"].sum()),
        "floored": layer.floored,
        "death": layer.death,
    }
    columns |= {name: int(verdict.sum()) for name, verdict in layer.deaths.items()}
    columns |= count_changes(layer, record.epoch)
    columns |= count_on_request(record.observation.layers[path], layer)
    if kept:
        living = living_columns(record.observation.layers[path], layer)
        means = ("entropy", "nvi", "fire_rate", "mean_abs", "weight_norm")
        columns |= {name: float(living[name].double().mean()) for name in means}
    return columns


def count_on_request(activity: Activity, layer: LayerRecord) -> dict[str, Any]:
    """Return the columns of a layer that are measured where a trial asks for them; else {}."""
    columns: dict[str, Any] = {"weight_magnitude": layer.weight_magnitude}
    for name in ("duplicate", "constant"):
        which: Tensor | None = getattr(activity, name)
        columns[name] = None if which is None else int(which.sum())
    for name, scores in list_scores(layer).items():
        columns[f"{name}_inactive"] = int(is_inactive(scores, layer.keep).sum())
    return {name: value for name, value in columns.items() if value is not None}


def list_scores(layer: LayerRecord) -> dict[str, Tensor]:
    """Return {column: scores by gradients} of a layer, without what is undefined or not known."""
    found = vars(layer.gradients) if layer.gradients else {}
    return {name: scores for name, scores in found.items() if scores is not None}


def living_columns(activity: Activity, layer: LayerRecord) -> dict[str, Tensor]:
    """Return the vitality of a layer's kept neurons."""
    living, norms = activity.select(layer.keep), layer.norms[layer.keep]
    entropy = living.entropy
    on_request = {name: scores[layer.keep] for name, scores in list_scores(layer).items()}
    if living.duplicate is not None:
        on_request["duplicate"] = living.duplicate
    return on_request | {
        "mean_abs": living.mean_abs,
        "maximum": living.maximum,
        "fire_rate": living.fire_rate,
        "variance": living.variance,
        "entropy": entropy,
        "dormancy": dormancy(living.mean_abs),
        "nvi": nvi(entropy, norms),
        "weight_norm": norms,
    }


def neuron_rows(trial_id: str, record: EpochRecord) -> Rows:
    """Return a row of `neurons` for every neuron of the dense network.

    Columns that are not measured for a masked or removed neuron are null.
    """
    tables = []
    for path, layer in record.layers.items():
        kept = layer.origin[layer.keep].tolist()
        columns: dict[str, Any] = {
            **name_point(record),
            "layer": path,
            "neuron": list(range(layer.dense)),
            "kept": spread_values(kept, [True] * len(kept), layer.dense, False),
            "dead": None,
        }
        if "dead" in layer.deaths:
            dead = layer.deaths["dead"][layer.keep].tolist()
            columns["dead"] = spread_values(kept, dead, layer.dense, False)
        if kept:
            for name, values in living_columns(record.observation.layers[path], layer).items():
                columns[name] = spread_values(kept, values.tolist(), layer.dense, None)
        tables.append(rows_from_columns("neurons", trial_id, columns))
    return join_rows(tables)


def spread_values(index: list[int], values: list[Any], length: int, other: Any) -> list[Any]:
    """Return a column with `values` at `index`, and `other` everywhere else."""
    column = [other] * length
    for position, value in zip(index, values, strict=True):
        column[position] = value
    return column


def event_rows(trial_id: str, record: EpochRecord, method: str, remedy: str = "none") -> Rows:
    """Return a row of `events` for each event of a neuron, or of a layer's weights.

    Weights are counted: one row for those pruned and one for those grown, where there are any.
    Neurons that were removed physically are counted, too, and so are the resets of a neuron since
    the last point. What revives a neuron that was reset is the remedy. What happened at a border
    between two tasks comes before what happened after it.
    """
    training = "training" if record.epoch else "initialisation"
    method += " at the latest" if record.forced else ""
    rows: list[Event] = []
    for path, layer in record.layers.items():
        rows += list_changes(path, layer)
        for event, which in layer.events.items():
            cause = training if event in ("died", "revived") else method
            revived = layer.resets if event == "revived" else None
            for neuron in which.nonzero().flatten().tolist():
                own = remedy if revived is not None and revived[neuron] else cause
                rows.append((path, int(layer.origin[neuron]), event, own, None))
        rows += list_resets(path, layer, remedy)
    for path, counts in record.weight_events.items():
        for event, count in zip(WEIGHT_EVENTS, counts, strict=True):
            rows += [(path, None, event, method, count)] if count else []
    for path, count in record.removed.items():
        rows.append((path, None, SHRUNK, method, count))
    return rows_of_events(trial_id, name_point(record), rows)


def list_changes(path: str, layer: LayerRecord) -> list[Event]:
    """Return an event for each neuron that died or revived before the first step of this task."""
    return [
        (path, neuron, change.event, change.cause, None)
        for change in layer.earlier
        for neuron in layer.origin[change.which].tolist()
    ]


def list_resets(path: str, layer: LayerRecord, remedy: str) -> list[Event]:
    """Return an event for each neuron that was reset since the last point, with how often."""
    if layer.resets is None:
        return []
    counts = zip(layer.origin.tolist(), layer.resets.tolist(), strict=True)
    return [(path, neuron, RESET, remedy, count) for neuron, count in counts if count]


def rows_of_events(trial_id: str, point: dict[str, Any], events: list[Event]) -> Rows:
    """Return the rows of `events` at a measuring point, of which `point` has the columns."""
    names = ("layer", "neuron", "event", "cause", "count")
    columns = {name: [event[i] for event in events] for i, name in enumerate(names)}
    return rows_from_columns("events", trial_id, point | columns)
