"""One entry of the campaign's list."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Item:
    """A command that measures something or runs a study.

    Attributes:
        name: unique, of letters, digits, `.`, `_` and `-`.
        stage: of the list; a stage starts once the one before has ended.
        command: arguments for this Python.
        minutes: that it needs and cannot be interrupted in; 0: it can be, and continues.
        alone: whether nothing may run beside it, because it measures time.
        study: (folder below `studies/`, name, preset) of the study that it runs; None: no study.
        environment: variables that it gets besides.
    """

    name: str
    stage: str
    command: tuple[str, ...]
    minutes: float = 0.0
    alone: bool = False
    study: tuple[str, str, str] | None = None
    environment: dict[str, str] = field(default_factory=dict)
