"""The code that made a row: a hash of what computes results, the column `code` of `trials`.

It is taken of the syntax trees without docstrings. So comments, docstrings, blank lines and the
layout of the lines do not enter it, and a changed constant does. It is the same under every version
of Python: no bytecode and no `ast.dump` is part of it.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from nvp.config.dotted_names import list_dotted
from nvp.config.trial_config import TrialConfig
from nvp.config.user_modules import find_modules, find_source, find_versions
from nvp.training.named import list_names
from nvp.trial.source_code.code_digests import digest_sources

NVP = Path(__file__).parents[2]  # the folder of the package
# what neither trains nor measures is no part: storage, planning, running, study and analysis
PACKAGES = (
    *("config", "network", "data", "models"),
    *("vitality", "pruning", "remedies", "training", "trial"),
)
# Load or Store follows from the place; a `u` before a string and comments on types change nothing
SKIPPED = ("ctx", "kind", "type_comment", "type_ignores")
WITH_DOCSTRING = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def hash_code(modules: tuple[str, ...] = (), root: Path = NVP) -> str:
    """Return the hash of the code that computes results, 12 hexadecimal digits.

    A process computes it once, before its first trial: from then on its modules are in memory, and
    a source file that is edited later is not what ran.

    Args:
        modules: names of modules outside of nvp that results depend on, too.
        root: folder of the package nvp.
    """
    files = [*list_sources(root), *find_sources(modules)]
    sources = [path.read_bytes() for _, path in files]
    digests = digest_sources(sources, digest_source, rule=Path(__file__).read_bytes())
    lines = [f"{name}\0{digest}\n" for (name, _), digest in zip(files, digests, strict=True)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()[:12]


def hash_trial_code(config: TrialConfig) -> str:
    """Return the hash of the code that computes a trial: nvp's, and the modules that it names."""
    return hash_named_code(list_names(config)) if list_dotted(config) else hash_code()


@cache
def hash_named_code(names: tuple[str, ...]) -> str:
    """Return the hash of nvp's code with the user's modules that dotted names reach.

    As of `hash_code`, a process computes it once: its modules are in memory from then on.
    """
    own = hash_code(tuple(find_modules(names)))
    versions = find_versions(names)
    text = own + json.dumps(versions, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:12] if versions else own


def list_sources(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield the name and the path of each source file of nvp that computes results."""
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            yield path.relative_to(root).as_posix(), path


def find_sources(modules: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    """Yield the name and the source file of each module; one without source has none."""
    for name in sorted(modules):
        loaded = getattr(sys.modules.get(name), "__file__", None)
        file = Path(loaded) if loaded else find_source(name)
        if file and file.suffix == ".py":
            yield name, file


def digest_source(source: bytes) -> str:
    """Return the checksum of the words of a source file."""
    words = "\0".join(describe_source(source))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def describe_source(source: bytes) -> list[str]:
    """Return a source file as words; one that does not parse as it is."""
    try:
        return describe_node(ast.parse(source))
    except SyntaxError:
        return [repr(source)]


def describe_node(node: ast.AST) -> list[str]:
    """Return a syntax tree as words: the kind of each node, its values, and where it ends."""
    words: list[str] = []
    add_words(node, words)
    return words


def add_words(node: ast.AST, words: list[str]) -> None:
    """Append the words of a node to `words`; what is empty or None has none.

    Newer versions of Python have more fields, which are empty where the syntax is the old one.
    """
    kind = type(node)
    words.append(kind.__name__)
    for name in list_fields(kind):
        value = getattr(node, name, None)
        if value is None and kind is not ast.Constant or value == []:
            continue
        words.append(name)
        if isinstance(value, ast.AST):
            add_words(value, words)
        elif isinstance(value, list):
            for item in skip_docstring(kind, name, value):
                add_words(item, words) if isinstance(item, ast.AST) else words.append(repr(item))
        else:
            words.append(repr(value))
    words.append(";")


@cache
def list_fields(kind: type[ast.AST]) -> tuple[str, ...]:
    """Return the fields of a kind of node that say what the code does."""
    return tuple(name for name in kind._fields if name not in SKIPPED)


def skip_docstring(kind: type[ast.AST], name: str, items: list[Any]) -> list[Any]:
    """Return the statements of a body without its docstring; other lists as they are."""
    if name != "body" or kind not in WITH_DOCSTRING:
        return items
    first = items[0]
    value = first.value if isinstance(first, ast.Expr) else None
    found = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return items[1:] if found else items
