"""Classes that a network was taught so far: a loss is over their logits alone."""

from jaxtyping import Bool, Float
from torch import Tensor

from nvp.data.ready_inputs import ReadyInputs
from nvp.data.splits import Images, ImageSource


def find_seen(images: ImageSource | ReadyInputs) -> Bool[Tensor, "k"] | None:
    """Return which classes a loss over `images` is over; None = all."""
    return images.seen if isinstance(images, Images) else None


def close_unseen(
    logits: Float[Tensor, "b k"], seen: Bool[Tensor, "k"] | None
) -> Float[Tensor, "b k"]:
    """Return logits that are minus infinity for every class that was not seen.

    Softmax makes them 0, so they have no share in a loss, its gradient or the best class.
    """
    return logits if seen is None else logits.masked_fill(~seen, float("-inf"))
