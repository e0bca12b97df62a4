"""The settings that a user's own function takes: its parameters beside those that nvp passes.

A class has those of its constructor, so a dataclass has its fields. The annotation of a parameter
says the type of the setting; without one the default does, and without both the text is read as
JSON would be.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints

from nvp.config.annotations import fit_type, guess_value
from nvp.config.dotted_names import explain_failure
from nvp.config.extra import Extra
from nvp.config.memory import is_out_of_memory
from nvp.config.numbers import make_canonical
from nvp.config.registry import suggest_nearest

OPEN, EMPTY = inspect.Parameter.VAR_KEYWORD, inspect.Parameter.empty
NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Own:
    """A function that a user named.

    Attributes:
        setting: path of the setting that names it, e.g. "model.name".
        name: the dotted name.
        function: what it stands for.
        passed: parameters that nvp gives a value, which are no settings.
    """

    setting: str
    name: str
    function: Callable[..., Any]
    passed: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        """Return the section of the configuration whose `extra` it reads."""
        return self.setting.partition(".")[0]

    def call(self, extra: Mapping[str, Any], *arguments: Any, **keywords: Any) -> Any:
        """Return what the function returns for these arguments and the settings that it takes."""
        settings, is_open = list_settings(self)
        own = {
            key: fit_value(extra[key], settings.get(key), f"{self.section}.extra.{key}")
            for key in extra
            if is_open or key in settings
        }
        return self.function(*arguments, **keywords, **own)

    def call_explained(
        self,
        extra: Mapping[str, Any],
        *arguments: Any,
        let: tuple[type[Exception], ...] = (),
        **keywords: Any,
    ) -> Any:
        """Return what `call` does; ValueError in one line for what it raises, but for `let`.

        That memory ran out stays what it is, too: it is no fault of the function, and a trial whose
        memory ran out is tried again alone.
        """
        try:
            return self.call(extra, *arguments, **keywords)
        except let:
            raise
        except Exception as error:  # whatever the user's function raises
            if is_out_of_memory(error):
                raise
            raise ValueError(
                f"{self.setting}: calling {self.name} fails: {explain_failure(error)}"
            ) from error


def list_parameters(function: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a function with evaluated annotations; {} where none are known."""
    try:
        found = dict(inspect.signature(function).parameters)
    except (TypeError, ValueError):  # written in C, and without a signature
        return {"keywords": inspect.Parameter("keywords", OPEN)}
    try:
        hints = get_type_hints(function.__init__ if isinstance(function, type) else function)
    except Exception:  # an annotation that names what is not there: its text says no type
        hints = {}
    return {
        name: parameter.replace(annotation=hints.get(name, parameter.annotation))
        for name, parameter in found.items()
    }


def list_settings(own: Own) -> tuple[dict[str, inspect.Parameter], bool]:
    """Return the parameters that are settings, and whether the function takes any other name."""
    parameters = list_parameters(own.function)
    settings = {
        name: parameter
        for name, parameter in parameters.items()
        if name not in own.passed and parameter.kind in NAMED
    }
    return settings, any(parameter.kind is OPEN for parameter in parameters.values())


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function can be given a keyword of this name."""
    parameters = list_parameters(function)
    kinds = (*NAMED, OPEN)
    return any(
        parameter.kind in kinds and (parameter.kind is OPEN or each == name)
        for each, parameter in parameters.items()
    )


def fit_extra(section: str, extra: Extra, functions: Sequence[Own]) -> Extra:
    """Return the settings of a section in the types that its functions want.

    Args:
        section: "model", "data", "optim" or "prune".
        extra: what was given.
        functions: that the section names; with none, nothing reads `extra`, and it stays.

    Raises:
        ValueError: a setting that none of them takes, a value of another type, or no value for a
            parameter without a default.
    """
    if not functions:
        return extra
    known = [list_settings(own) for own in functions]
    settings = {name: each for found, _ in reversed(known) for name, each in found.items()}
    names = " and ".join(dict.fromkeys(own.name for own in functions))
    for key in extra:
        if key not in settings and not any(is_open for _, is_open in known):
            valid = f"one of {', '.join(settings)}" if settings else "of which there are none"
            raise ValueError(
                f"{section}.extra.{key}: expected a setting of {names}, {valid}; got {key!r}"
                f"{suggest_nearest(key, settings)}"
            )
    for name, parameter in settings.items():
        if parameter.default is EMPTY and name not in extra:
            raise ValueError(
                f"{section}.extra.{name}: expected a value, because {names} takes a parameter "
                f"{name!r} that has no default, got none"
            )
    fitted = {
        key: fit_value(value, settings.get(key), f"{section}.extra.{key}")
        for key, value in extra.items()
    }
    return Extra({key: make_canonical(value) for key, value in fitted.items()})


def fit_value(value: Any, parameter: inspect.Parameter | None, path: str) -> Any:
    """Return a value in the type of a parameter; ValueError where it has another one."""
    if parameter is None or parameter.annotation in (EMPTY, Any):
        default = None if parameter is None else parameter.default
        plain = type(default) in (bool, int, float, str)
        return fit_type(value, type(default), path) if plain else guess_value(value)
    return fit_type(value, parameter.annotation, path)


def describe_value(value: Any) -> str:
    """Return what a value is, for a message."""
    kind = type(value)
    where = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return "None" if value is None else f"a {where}{kind.__qualname__}"
