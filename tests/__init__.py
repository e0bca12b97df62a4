"""The run-time type checker of the tests: beartype, where an int is a float as Python has it."""

from typing import Any


def numeric_tower(checked: Any) -> Any:
    """Return `checked` with a check of its arguments at each call."""
    # imported here, because a machine with a GPU that runs its few tests has no beartype
    from beartype import BeartypeConf, beartype

    return beartype(conf=BeartypeConf(is_pep484_tower=True))(checked)
