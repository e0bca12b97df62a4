"""study.json as the analysis reads it: checked once, and which rows its plans do not ask for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nvp.analysis.frames.search_plan import is_search, read_search_plan
from nvp.question.stored_question import read_question
from nvp.storage.store import Storage
from nvp.storage.studies import MONITOR
from nvp.storage.study_folder import ITEMS, KINDS

READ = ("study", "preset", "search", "base", "space", "trials", "parents", "starts", "one_off")
READ += ("question", "objectives", "sampler", "conditions", "num_trials")
INNER = ITEMS | {"space": (list, dict), "one_off": dict}
# {key: (type of its value, type of what is in it)}; a key that is not there is not checked
SHAPES = {key: (KINDS[key], INNER.get(key)) for key in READ}
STARTS: dict[str, type | tuple[type, ...]] = {
    "time": str,
    "host": str,
    "commit": (str, type(None)),
    "script": (str, type(None)),
    "argv": list,
    "versions": dict,
    "devices": list,
    "folders": list,
}
BASE: dict[str, type | tuple[type, ...]] = {
    "model.width": (int, float),
    "data.images": (int, type(None)),
}
NAMES = {
    dict: "an object",
    list: "a list",
    str: "a text",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True)
class LeftOut:
    """How many finished trials are in a study's folder and not shown.

    Attributes:
        earlier: of earlier plans.
        one_off: of one-off runs beside the study's plan.
    """

    earlier: int = 0
    one_off: int = 0

    def describe(self) -> str:
        """Return it in words; "" for none."""
        parts = [(self.earlier, "earlier plans"), (self.one_off, "one-off runs")]
        said = [
            f"{count} finished trial{'s' if count > 1 else ''} of {whose}"
            for count, whose in parts
            if count
        ]
        return f"{' and '.join(said)} left out (--all)" if said else ""


def check_document(document: dict[str, Any], storage: Storage) -> None:
    """Raise ValueError where a value of study.json is not of the type that is read from it."""
    for key, (whole, inner) in SHAPES.items():
        if key in document:
            check_value(document[key], whole, key, storage)
            values = document[key].values() if whole is dict else document[key]
            for value in values if inner else ():
                check_value(value, inner or object, f"a value of {key}", storage)
    check_statements(document, storage)
    if document.get("search") != MONITOR:  # whose keys are free
        check_values(document.get("base", {}), BASE, "of base", storage)
    for start in document.get("starts", []):
        check_values(start, STARTS, "of a start", storage)
    for plan in document.get("one_off", []):
        check_values(plan, {"trials": dict, "parents": list}, "of a one-off run", storage)


def check_statements(document: dict[str, Any], storage: Storage) -> None:
    """Raise ValueError where the question or the search of study.json is not what it should be."""
    try:
        read_question(document.get("question", {}))
        if is_search(document):
            read_search_plan(document)
    except ValueError as error:
        raise ValueError(f"{storage.path('study.json')}: {error}") from None


def check_values(
    found: dict[str, Any],
    wanted: dict[str, type | tuple[type, ...]],
    where: str,
    storage: Storage,
) -> None:
    """Raise ValueError when a value that is there is not of its type."""
    for key, types in wanted.items():
        if key in found:
            check_value(found[key], types, f"{key} {where}", storage)


def check_value(value: Any, wanted: type | tuple[type, ...], name: str, storage: Storage) -> None:
    """Raise ValueError when a value is not of a type."""
    types = wanted if isinstance(wanted, tuple) else (wanted,)
    if isinstance(value, wanted) and (bool in types or not isinstance(value, bool)):
        return
    expected = " or ".join(NAMES[one] for one in types)
    text = repr(value)
    raise ValueError(
        f"{storage.path('study.json')}: expected {expected} as {name}, got "
        f"{text if len(text) <= 40 else text[:40] + '...'}; the tables can be read without the "
        "file: move it away, and all trials are shown"
    )


def count_left_out(document: dict[str, Any], rows: Iterable[str]) -> LeftOut:
    """Return how many finished trials the plan of a study does not show."""
    shown = {*document.get("trials", {}), *document.get("parents", [])}
    one_off = {
        name
        for plan in document.get("one_off", [])
        for name in [*plan.get("trials", {}), *plan.get("parents", [])]
    }
    others = set(rows) - shown
    return LeftOut(earlier=len(others - one_off), one_off=len(others & one_off))
