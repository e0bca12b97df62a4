"""Command lines: a parser that refuses wrong arguments in one line, with the nearest name."""

import argparse
from collections.abc import Callable, Collection, Sequence
from typing import Any, NoReturn

from nvp.config.registry import suggest_nearest

BAD_ARGUMENTS = 2


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors are one line on standard error, and exit code 2."""

    raises = False  # whether an error is raised as ValueError instead

    def __init__(self, *args: Any, **settings: Any) -> None:
        """Take the arguments of `ArgumentParser`; a flag is never taken for one it begins."""
        super().__init__(*args, **{"allow_abbrev": False} | settings)

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        parsed, unknown = self.parse_known_args(args, namespace)
        if unknown:
            flag = unknown[0].partition("=")[0]
            self.error(
                f"unknown argument {flag!r}{suggest_nearest(flag, self._option_string_actions)}"
            )
        return parsed

    def read_args(self, args: Sequence[str]) -> argparse.Namespace:
        """Return the arguments as `parse_args` does; raise ValueError for wrong ones."""
        self.raises = True
        try:
            return self.parse_args(args)
        finally:
            self.raises = False

    def error(self, message: str) -> NoReturn:
        if self.raises:
            raise ValueError(message)
        self.exit(BAD_ARGUMENTS, f"error: {message}\n")


def one_of(*names: str) -> dict[str, Any]:
    """Return the keywords of an argument that is one of `names`; an error names the nearest."""
    return {"type": make_choice(names), "metavar": f"{{{','.join(names)}}}"}


def make_choice(names: Collection[str]) -> Callable[[str], str]:
    """Return the function that takes the text of an argument and refuses all but `names`."""

    def parse_choice(text: str) -> str:
        if text not in names:
            raise argparse.ArgumentTypeError(
                f"expected one of {', '.join(names)}; got {text!r}{suggest_nearest(text, names)}"
            )
        return text

    return parse_choice
