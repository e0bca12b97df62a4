"""The user's own modules that a monitored trial depends on."""

from torch import nn

from nvp.config.user_modules import SCRIPT, find_imported


def list_own_modules(network: nn.Module) -> tuple[str, ...]:
    """Return the script, the modules that define the network's classes, and what these import.

    What is installed is no part, and neither are the cells of a notebook: they have no file.
    """
    classes = {type(module).__module__ for module in network.modules()}
    return tuple(sorted(find_imported(sorted({SCRIPT, *classes}))))
