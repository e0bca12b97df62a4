"""Columns: their types, the meaning and unit that each carries, and those that are asked for."""

import pyarrow as pa


def column(
    name: str, kind: pa.DataType, meaning: str, *, unit: str = "", volatile: bool = False
) -> pa.Field:
    """Return a column that carries its meaning, its unit and whether it is volatile."""
    metadata = {"meaning": meaning, "unit": unit, "volatile": str(volatile).lower()}
    return pa.field(name, kind, metadata=metadata)


TEXT, COUNT, REAL, DOUBLE = pa.string(), pa.int64(), pa.float32(), pa.float64()
FLAG = pa.bool_()
HEADS = "heads"  # the site of heads of attention: watched, and counted among no neurons
NAME = pa.dictionary(pa.int32(), pa.string())
ASKED = "null unless asked for"  # columns that are measured where a setting of probe.* says so
GRAMA = "mean |dL/dy| of single images over the layer's"
GRAMA_WEIGHT = "mean |dL/dW| of incoming weights over the layer's"
OF_LAYERS = (
    column(
        "duplicate",
        COUNT,
        f"kept, and correlation with a kept one before it > probe.duplicates; {ASKED}",
        unit="neurons",
    ),
    column(
        "constant",
        COUNT,
        "kept, and one spatial mean for all probe images: no correlation; asked for by "
        "probe.duplicates, else null",
        unit="neurons",
    ),
    column(
        "grama_inactive",
        COUNT,
        "kept, and grama <= 0.01; null where undefined, or without probe.gradients",
        unit="neurons",
    ),
    column(
        "grama_weight_inactive",
        COUNT,
        "kept, and grama_weight <= 0.01; null where undefined, or without probe.gradients",
        unit="neurons",
    ),
    column(
        "weight_magnitude",
        REAL,
        "mean |incoming weight| that is not masked; null without probe.weights=magnitude",
    ),
)
OF_NEURONS = (
    column("duplicate", FLAG, f"correlation with a kept one before it; {ASKED} (probe.duplicates)"),
    column("grama", REAL, f"{GRAMA}; null when masked, undefined or without probe.gradients"),
    column("grama_weight", REAL, f"{GRAMA_WEIGHT}; null as grama"),
)
ON_REQUEST = {"layers": OF_LAYERS, "neurons": OF_NEURONS}
