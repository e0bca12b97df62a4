"""Columns: their types, and the meaning and unit that each carries."""

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
