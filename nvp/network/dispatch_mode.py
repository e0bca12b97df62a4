"""A mode that sees each operation below autograd, and does not load torch's compiler."""

from torch.utils._python_dispatch import TorchDispatchMode


class DispatchMode(TorchDispatchMode):
    """The mode that nvp's modes are: torch's own keeps its compiler away, and loads it for that.

    Loading takes seconds and 150 MB, in each process of each trial.
    """

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Say to torch that its compiler need not be kept away."""
        return False
