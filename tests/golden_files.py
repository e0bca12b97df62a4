"""Where golden vectors lie: in tests/golden, and in a folder of others' that may not be there."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDERS = (ROOT / "tests" / "golden", ROOT / os.environ.get("NVP_GOLDEN", "../shared/golden"))


def golden_files(kind: str) -> list[Path]:
    """Return every `<kind>_*.npz`; at least one is in the repository."""
    found = [path for folder in FOLDERS for path in sorted(folder.glob(f"{kind}_*.npz"))]
    assert found, f"no tests/golden/{kind}_*.npz: python -m tests.references.make_golden"
    return found
