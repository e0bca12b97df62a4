"""How many neurons of a layer were born dead, died and revived, borders of tasks apart."""

from nvp.training.record import LayerRecord


def count_changes(layer: LayerRecord, epoch: int) -> dict[str, int]:
    """Return how many neurons were born dead, died and revived; of heads, nothing.

    Where none is masked, those dead at a point are those born dead, and all that died since, less
    those that revived; those of borders between tasks, which are counted apart, included.
    """
    if "died" not in layer.events:
        return {}
    counts = {name: int(layer.events[name].sum()) for name in ("died", "revived")}
    if epoch == 0:
        return {"born_dead": counts["died"]}
    if layer.earlier:
        counts |= {"border_died": 0, "border_revived": 0}
    for change in layer.earlier:
        border = "border_" if change.cause == "border" else ""
        counts[border + change.event] += int(change.which.sum())
    return counts
