"""The study of a script, for benchmarks that run it with changes or look at its presets."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from nvp.study.study import Study


def load_study(script: Path) -> Study:
    """Return the study of a script; nothing runs."""
    spec = spec_from_file_location(script.stem, script)
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.STUDY
