"""The golden vectors of the repository are those that the slow references make today."""

from pathlib import Path

import numpy as np
import pytest

from tests.references import make_golden


def test_the_stored_vectors_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = sorted(make_golden.GOLDEN.glob("*.npz"))
    monkeypatch.setattr(make_golden, "GOLDEN", tmp_path)
    make_golden.make_all()
    assert [path.name for path in stored] == sorted(path.name for path in tmp_path.iterdir())
    for path in stored:
        with np.load(path) as old, np.load(tmp_path / path.name) as new:
            assert old.files == new.files
            for key in old.files:
                if old[key].dtype.kind == "f":
                    np.testing.assert_allclose(new[key], old[key], rtol=1e-5, atol=1e-9)
                else:
                    np.testing.assert_array_equal(new[key], old[key])
