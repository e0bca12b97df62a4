"""Dotted names: `package.module:attribute` stands wherever the name of a registered thing does.

The name is its own registration. It is imported when it is looked up, in whatever process that is.
Only names of a command line, of a study's script or of the row of a trial that is opened again are
looked up: reading tables imports nothing.
"""

import pkgutil
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from nvp.config.registry import look_up, shorten_text, suggest_nearest

Value = TypeVar("Value")
Adapt = Callable[[str, str, Any], Value]  # (setting, dotted name, what it stands for)
DOTTED = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")
TAKEN = ("folder",)  # `folder:flowers` is a data set of image files
SHAPE = "package.module:attribute"
NAMING = {  # the settings that name something, by section
    "data": ("name",),
    "model": ("name", "activation"),
    "optim": ("name", "schedule", "noise_kind"),
    "prune": ("method", "criterion", "allocation", "schedule", "regrow"),
    "remedy": ("name",),
}
NVP = Path(__file__).parents[1]
ADDED: dict[str, None] = {}  # the folders that `add_folders` was given


def is_dotted(name: str) -> bool:
    """Whether a name has the shape `package.module:attribute`."""
    return bool(DOTTED.fullmatch(name)) and name.partition(":")[0] not in TAKEN


def list_dotted(config: Any) -> dict[str, str]:
    """Return {path: dotted name} of the settings of a `TrialConfig` that have one."""
    return {
        f"{section}.{field}": name
        for section, fields in NAMING.items()
        for field in fields
        if ":" in (name := getattr(getattr(config, section), field)) and is_dotted(name)
    }


def find_named(setting: str, name: str, registry: Mapping[str, Value], adapt: Adapt) -> Value:
    """Return what a name stands for: a registered thing, or one that is imported.

    Args:
        setting: path of the setting that has the name, for messages.
        name: of the registry, or a dotted one.
        registry: {name: value}.
        adapt: returns what was imported as a value of the registry; ValueError where it is none.

    Raises:
        ValueError: unknown name, or what stands there is of another type.
    """
    if name in registry or not is_dotted(name):
        return look_up(setting, name, registry, SHAPE)
    return import_adapted(setting, name, adapt)


@cache
def import_adapted(setting: str, name: str, adapt: Adapt) -> Any:
    """Return what a dotted name stands for, as a value of a registry; made once a process."""
    return adapt(setting, name, import_name(setting, name))


@cache
def import_name(setting: str, name: str) -> Any:
    """Return what a dotted name stands for.

    Args:
        setting: path of the setting that has the name, for messages.
        name: `package.module:attribute`.

    Raises:
        ValueError: no such module or attribute, or a module whose import fails; in one line.
    """
    module_name, _, attribute = name.partition(":")
    if module_name.partition(".")[0] in {*sys.stdlib_module_names, "__main__"}:
        raise ValueError(
            f"{setting}: expected a module of yours or of an installed package, got {module_name!r}"
            f" of {name!r}, which is {describe_builtin(module_name)}"
        )
    found = import_user_module(setting, module_name, name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [each for each in dir(found) if not each.startswith("__")]
            raise ValueError(
                f"{setting}: expected {SHAPE}, got {name!r}: {module_name} "
                f"({find_file(found)}) has no {part!r}"
                f"{suggest_nearest(part, public) or suggest_inside(module_name, part)}"
            )
        found = getattr(found, part)
    return found


def describe_builtin(module_name: str) -> str:
    """Return what a module is that no name may stand in."""
    if module_name == "__main__":
        return "the running script: write the name of its file without .py"
    return "Python's own"


def import_user_module(setting: str, module_name: str, name: str) -> Any:
    """Return a module, found below the user's folders, too; raises as `import_name`."""
    add_folders(list_user_folders())
    try:
        return import_module(module_name)
    except ModuleNotFoundError as error:
        missing = error.name or module_name
        if module_name != missing and not module_name.startswith(f"{missing}."):
            raise ValueError(f"{setting}: {describe_failure(name, module_name, error)}") from error
        raise ValueError(
            f"{setting}: expected {SHAPE}, got {name!r}: there is no module {missing!r} in "
            f"{', '.join(dict.fromkeys([*list_user_folders(), *ADDED]))} or in an installed package"
            f"{suggest_nearest(missing, list_siblings(missing))}"
        ) from None
    except SystemExit:
        raise ValueError(
            f"{setting}: importing {module_name} for {name!r} ends the program: put what its script"
            ' runs, main(STUDY), below `if __name__ == "__main__":`'
        ) from None
    except Exception as error:  # whatever the user's module raises while it is imported
        raise ValueError(f"{setting}: {describe_failure(name, module_name, error)}") from error


def describe_failure(name: str, module_name: str, error: Exception) -> str:
    """Return in one line that and why the import of a module failed."""
    return f"importing {module_name} for {name!r} fails: {explain_failure(error)}"


def explain_failure(error: Exception) -> str:
    """Return an exception in one line, with the last line of a user's file that it came through."""
    frame, places = error.__traceback__, []
    while frame is not None:
        places.append((frame.tb_frame.f_code.co_filename, frame.tb_lineno))
        frame = frame.tb_next
    if isinstance(error, SyntaxError) and error.filename:
        places.append((error.filename, error.lineno or 0))
    of_user = [place for place in places if not is_foreign_file(place[0])]
    where = f" ({of_user[-1][0]}, line {of_user[-1][1]})" if of_user else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}{where}"


def is_foreign_file(file: str) -> bool:
    """Whether a source file is of an installed package, of nvp or of Python itself."""
    parts = Path(file).parts
    installed = "site-packages" in parts or "dist-packages" in parts
    return installed or file.startswith(("<", str(NVP), str(Path(sys.base_prefix) / "lib")))


def find_file(found: Any) -> str:
    """Return the file of a module, or what a name stands for that is none."""
    return getattr(found, "__file__", None) or shorten_text(repr(found))


def list_siblings(missing: str) -> list[str]:
    """Return the names of the modules that stand where `missing` would, in its full spelling."""
    package, dot, _ = missing.rpartition(".")
    paths = list(getattr(sys.modules.get(package), "__path__", [])) if dot else None
    return [f"{package}{dot}{module.name}" for module in pkgutil.iter_modules(paths)]


def suggest_inside(module_name: str, part: str) -> str:
    """Return the hint for an attribute that a module inside of a package has; "" for none."""
    inside = [name for name in sys.modules if name.startswith(f"{module_name}.")]
    found = [name for name in inside if part in vars(sys.modules[name])]
    return f" (did you mean '{min(found, key=len)}:{part}'?)" if found else ""


def list_user_folders() -> tuple[str, ...]:
    """Return the folders in which a user's modules are looked for: the script's and this one.

    A module that is run by `python -m` has no folder of its own: Python imports by packages then.
    """
    script = Path(sys.argv[0]).resolve() if sys.argv and sys.argv[0] else Path.cwd()
    folders = [str(script.parent)] if script.is_file() and str(script.parent) in sys.path else []
    return tuple(dict.fromkeys([*folders, str(Path.cwd())]))


def add_folders(folders: tuple[str, ...]) -> None:
    """Let modules be imported from `folders`, after all other places. Changes `sys.path`.

    The folders of the driver are those of its trials, whatever process they run in.
    """
    ADDED.update(dict.fromkeys(folders))
    sys.path.extend(folder for folder in folders if folder not in sys.path)
