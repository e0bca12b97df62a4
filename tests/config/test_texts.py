"""Texts of --set: Python's numbers are taken, everything else is refused in one line."""

import dataclasses
import math
from typing import Any, get_origin

import pytest

from nvp.config.dotted_names import import_name
from nvp.config.dotted_paths import list_paths
from nvp.config.registry import suggest_nearest, suggest_path
from nvp.config.trial_config import TrialConfig
from nvp.planning.design import Design
from nvp.planning.plan import make_plan
from nvp.planning.unread_settings import narrow_design
from nvp.study.command_line import read_settings
from tests.config.test_config import LEAVES

PATHS = list_paths(TrialConfig)
NASTY = (
    "", " ", "=", "nan", "NaN", "inf", "-inf", "Infinity", "-Infinity", "1_000", "0x10", "1e400",
    "-1e400", "1e-400", "-0.0", "--1", "1,5", "1e", "e5", ".", "+", "-", "1.2.3", "٣", "½", "²",
    "1e9", "1e300", "-1", "0", "1", "2.5", "1e15", "9" * 400, "9" * 5000, "1e" + "9" * 400,
    "true", "True", "null", "None", "[]", "[0.5]", "[0.5, 0.75]", "[0.5,", "0.5]", "[[0.5]]",
    '["a"]', "[nan]", "[,]", "{}", '{"a": 1}', "relu", "RELU", "Relu", "none", "a\nb", "a\0b",
    "\ud800", "é" * 50, "../..", "/dev/null", "/", "~", "os:system", "folder:", "folder:../..",
    "folder:x@0", "folder:x@-1", "folder:x@a", "%s", "{path}", "torch.nn:Linear", "x" * 2000,
)  # fmt: skip
BASE = TrialConfig(epochs=1).with_overrides({"model.name": "mlp", "model.width": 0.1})
DESIGN = Design(base=BASE, space={}, seeds=1)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (".1", 0.1), ("1.", 1.0), ("+0.1", 0.1), ("+.5e-1", 0.05), ("1e-3", 0.001), ("1E-3", 0.001),
        (" 0.1 ", 0.1), ("-0.0", 0.0), ("007", 7.0), ("1.e2", 100.0), ("0.30000000000000004", 0.3),
    ],
)  # fmt: skip
def test_a_float_is_written_as_in_python(text: str, wanted: float) -> None:
    design = narrow_design(DESIGN, {"optim.lr": text}, None)
    assert repr(design.base.optim.lr) == repr(wanted)


@pytest.mark.parametrize(
    ("text", "wanted"), [("+5", 5), ("5.0", 5), ("5e1", 50), (" 7", 7), ("05", 5)]
)
def test_a_whole_number_is_written_as_in_python(text: str, wanted: int) -> None:
    assert TrialConfig().with_overrides({"epochs": text}).epochs == wanted


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-inf", "1_000", "0x1", "1,5", "", "٣", "1e400", "True"]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    for path, kind in (("optim.lr", "float"), ("epochs", "int")):
        with pytest.raises(ValueError, match=f"^{path}: expected {kind}, got "):
            TrialConfig().with_overrides({path: text})


@pytest.mark.parametrize("text", ["0.5,0.9", "0.5", "(0.5, 0.9)", "[0.5, 0.9", "0.5 0.9", ""])
def test_a_list_has_brackets_and_the_error_shows_them(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"^optim\.milestones: .*in brackets, e\.g\. \[0\.5, 0\.75\]"
    ):
        TrialConfig().with_overrides({"optim.milestones": text})
    listed = TrialConfig().with_overrides({"optim.milestones": "[.5, 9e-1]"})
    assert listed.optim.milestones == (0.5, 0.9)


@pytest.mark.one_in(3)
@pytest.mark.parametrize("path", PATHS)
def test_the_last_part_of_every_path_finds_it(path: str) -> None:
    if "." in path:
        for wrong in (path.rpartition(".")[2], path.rpartition(".")[2].upper()):
            assert wrong in PATHS or repr(path) in suggest_path(wrong, PATHS)
    assert repr(path) in suggest_path(path.upper(), PATHS)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("momentun", "optim.momentum"), ("batchsize", "data.batch_size"), ("optim.learning", None),
     ("lr", "optim.lr"), ("prune.lr", "optim.lr"), ("zzzzzz", None)],
)  # fmt: skip
def test_a_misspelled_path_finds_the_nearest(wrong: str, right: str | None) -> None:
    hint = suggest_path(wrong, PATHS)
    assert hint if right else True
    assert right is None or repr(right) in hint


@pytest.mark.parametrize("name", ["Relu", "RELU", "ReLU", "leaky-relu", "LEAKY_RELU"])
def test_the_case_of_a_name_is_no_matter_to_the_hint(name: str) -> None:
    wanted = "leaky_relu" if "leaky" in name.lower() else "relu"
    assert repr(wanted) in suggest_nearest(name, ["relu", "leaky_relu", "silu", "gelu"])
    with pytest.raises(ValueError, match=f"did you mean '{wanted}'"):
        make_plan(narrow_design(DESIGN, {"model.activation": name}, None))


@pytest.mark.parametrize("path", ["model.name", "data.name", "optim.name", "prune.method"])
@pytest.mark.parametrize("wrong", ["lab.nets.wide", "lab/nets.py:wide", "./lab/nets.py:wide"])
def test_a_dotted_name_in_another_spelling_is_answered_by_ours(path: str, wrong: str) -> None:
    with pytest.raises(ValueError, match=rf"^{path}: .* \(did you mean 'lab\.nets:wide'\?\)$"):
        make_plan(narrow_design(DESIGN, {path: wrong}, None))


def test_a_name_that_a_module_inside_has_is_answered_by_that_module() -> None:
    with pytest.raises(ValueError, match="did you mean 'torchvision.models:mobilenet_v2'"):
        import_name("model.name", "torchvision:mobilenet_v2")


def test_all_settings_of_an_own_part_at_once_are_no_path() -> None:
    with pytest.raises(ValueError, match=r"'model\.extra': expected .* model\.extra\.NAME"):
        make_plan(narrow_design(DESIGN, {"model.extra": "{}"}, None))


@pytest.mark.parametrize("pair", ["=", "=1", " = 1", "optim.lr", ""])
def test_a_flag_that_is_no_pair_is_refused(pair: str) -> None:
    with pytest.raises(ValueError, match="^--set: expected PATH=VALUE, e.g. optim.lr=0.1, got "):
        read_settings([pair])


def test_of_a_path_that_is_given_twice_the_last_counts() -> None:
    assert read_settings(["optim.lr=1", " optim.lr =2", "model.weights=a=b"]) == {
        "optim.lr": "2",
        "model.weights": "a=b",
    }


@pytest.mark.parametrize("path", PATHS)
def test_every_path_takes_or_refuses_every_text_in_one_line(path: str) -> None:
    for text in NASTY:
        try:
            make_plan(narrow_design(DESIGN, {path: text}, None))
        except ValueError as refused:
            message = str(refused)
            assert len(message.splitlines()) == 1, (text, message)
            assert len(message) < 2500, (text, message)


@pytest.mark.parametrize("path", [p for p in PATHS if LEAVES[p].type is not str])
def test_every_number_is_checked_at_its_type(path: str) -> None:
    values: tuple[Any, ...] = (math.nan, math.inf, None, [], {}, "x", object(), True, 1j, b"1")
    for value in values:
        if get_origin(LEAVES[path].type) is tuple and isinstance(value, list):
            continue
        with pytest.raises(ValueError, match=f"^{path}: expected ") as refused:
            TrialConfig().with_overrides({path: value})
        assert len(str(refused.value).splitlines()) == 1


def test_sections_name_the_field_too() -> None:
    for section in dataclasses.fields(TrialConfig):
        if dataclasses.is_dataclass(section.type):
            with pytest.raises(ValueError, match=f"^{section.name}: expected "):
                TrialConfig(**{section.name: 3})  # type: ignore[arg-type]
