"""The layers of an adopted network, as a table that a person reads."""

from dataclasses import dataclass

LONGEST = 60  # characters of a reason in the table


@dataclass(frozen=True)
class LayerRow:
    """One layer.

    Attributes:
        width: neurons.
        activation: name of its activation function.
        normalisation: name of the normalisation before it; "none".
        why: why its neurons can only be watched; "" where they can be pruned.
    """

    width: int
    activation: str
    normalisation: str
    why: str = ""

    @property
    def prunable(self) -> bool:
        """Return whether its neurons can be masked and removed."""
        return not self.why


class LayerTable(dict[str, LayerRow]):
    """{path of a layer: row}; printed, it is a table with a line of sums."""

    def __repr__(self) -> str:
        rows = [("layer", "width", "activation", "normalisation", "prunable")]
        for path, row in self.items():
            why = row.why if len(row.why) <= LONGEST else row.why[: LONGEST - 3] + "..."
            prunable = "yes" if row.prunable else f"no: {why}"
            rows.append((path, str(row.width), row.activation, row.normalisation, prunable))
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = []
        for path, width, activation, normalisation, prunable in rows:
            cells = path.ljust(widths[0]), width.rjust(widths[1])
            cells += activation.ljust(widths[2]), normalisation.ljust(widths[3]), prunable
            lines.append("  ".join(cells))
        prunable = sum(row.prunable for row in self.values())
        return "\n".join([*lines, f"{len(self)} layers, {prunable} of them prunable"])
