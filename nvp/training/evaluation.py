"""Loss and accuracy of a network over a split."""

import torch
import torch.nn.functional as F
from torch import nn

from nvp.data.batches import eval_batches
from nvp.data.seen_classes import close_unseen, find_seen
from nvp.data.splits import ImageSource
from nvp.network.precision import compute_logits
from nvp.network.train_state import check_finite
from nvp.vitality.observe import in_eval_mode


def evaluate_split(
    model: nn.Module, images: ImageSource, *, precision: str = "float32"
) -> tuple[float | None, float | None]:
    """Return what `evaluate` does; (None, None) of a split without images."""
    return evaluate(model, images, precision=precision) if len(images) else (None, None)


def evaluate(
    model: nn.Module, images: ImageSource, *, precision: str = "float32"
) -> tuple[float, float]:
    """Return mean loss (nats) and accuracy over all `images`, computed in `precision`.

    Raises:
        Diverged: when the loss is not finite.
    """
    sums = torch.zeros(2, dtype=torch.float64, device=images.device)
    with in_eval_mode(model), torch.no_grad():
        for pixels, labels in eval_batches(images):
            logits = close_unseen(compute_logits(model, pixels, precision), find_seen(images))
            loss = F.cross_entropy(logits, labels, reduction="sum")
            sums += torch.stack([loss.double(), (logits.argmax(1) == labels).sum().double()])
    loss, hits = (sums / len(images)).tolist()
    check_finite(loss, "evaluation loss")
    return loss, hits
