"""The sample of `neurons`: log-spaced epochs, the first and the last pruning, and the end."""

from collections.abc import Callable

from nvp.storage.codec import Rows
from nvp.storage.writer import TrialWriter
from nvp.trial.diary import Diary

SAMPLED = frozenset({0} | {round(2 ** (k / 2)) for k in range(64)})


def is_sampled(epoch: int) -> bool:
    """Whether `neurons` is written at this epoch: 0, 1, 2, 3, 4, 6, 8, 11, 16, 23, 32, ..."""
    return epoch in SAMPLED


def count_sampled(epochs: int) -> int:
    """Return at how many of the epochs 0, 1, ..., `epochs` - 1 `neurons` is written."""
    return sum(epoch < epochs for epoch in SAMPLED)


def sample_neurons(
    writer: TrialWriter,
    diary: Diary,
    epoch: int,
    make_rows: Callable[[], Rows],
    *,
    pruned: bool,
    last: bool,
) -> None:
    """Buffer or hold back the rows of `neurons` of a measuring point. Changes the first two.

    Which pruning is the last one is known only at the end, so the rows of the newest one are held
    back until another pruning replaces them or the trial ends.

    Args:
        writer: of the trial.
        diary: of the trial.
        epoch: of the point.
        make_rows: makes its rows; called only where they are needed.
        pruned: whether neurons were masked at this point.
        last: whether the trial ends here.
    """
    first = pruned and not diary.pruned_once
    if is_sampled(epoch) or last or first:
        writer.add("neurons", make_rows())
        writer.held = None if pruned else writer.held
    elif pruned:
        writer.held = make_rows()
    if last:
        writer.release()
    diary.pruned_once |= pruned
