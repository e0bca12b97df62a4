"""Numbers as short text: what a page holds of a measurement is what a reader can tell apart."""

import base64
from typing import Any

import numpy as np

DIGITS = 4


def shorten(values: Any) -> list[Any]:
    """Return numbers of any shape as nested lists, to four significant digits; null for NaN.

    Args:
        values: array of floats; NaN where nothing was measured.
    """
    numbers = np.asarray(values, dtype=float)
    size = np.abs(np.where(np.isfinite(numbers) & (numbers != 0), numbers, 1.0))
    places = np.clip(DIGITS - 1 - np.floor(np.log10(size)), -300, 300)
    up, down = 10.0 ** np.maximum(places, 0), 10.0 ** np.maximum(-places, 0)
    rounded = np.round(numbers * up / down) * down / up
    found = rounded.astype(object)
    found[~np.isfinite(rounded)] = None
    whole = np.isfinite(rounded) & (rounded == np.round(rounded)) & (np.abs(rounded) < 2**53)
    found[whole] = rounded[whole].astype(np.int64).astype(object)  # 3, not 3.0
    return found.tolist()


NONE = 2**16 - 1  # in place of a number that was not measured


def pack(values: Any) -> dict[str, Any]:
    """Return numbers of any shape as {"low", "high", "text"}: to 1/65534 of their range.

    `text` is base64 of 16-bit places between the least and the greatest, little-endian, in the
    order of the array; 65535 is NaN. So a number takes 2.7 bytes of a page.
    """
    numbers = np.asarray(values, dtype=float).ravel()
    there = np.isfinite(numbers)
    low, high = (numbers[there].min(), numbers[there].max()) if there.any() else (0.0, 0.0)
    span = high - low if high > low else 1.0
    places = np.full(numbers.shape, NONE, dtype="<u2")
    places[there] = np.round((numbers[there] - low) / span * (NONE - 1)).astype("<u2")
    text = base64.b64encode(places.tobytes()).decode()
    return {"low": float(low), "high": float(high), "text": text}
