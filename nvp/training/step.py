"""One epoch of steps: forward, backward, gradient rule, update, noise on the weights."""

from dataclasses import replace

import torch
import torch.nn.functional as F
from jaxtyping import Bool
from torch import Tensor

from nvp.config.seed import derive_seed, make_generator, seed_libraries
from nvp.config.trial_config import OptimConfig, TrialConfig
from nvp.data.batches import train_batches
from nvp.data.seen_classes import close_unseen, find_seen
from nvp.data.splits import ImageSource
from nvp.network.neuron_masks import release_masks
from nvp.network.precision import compute_logits
from nvp.network.train_state import TrainState, check_finite
from nvp.network.weight_masks import live_weights
from nvp.pruning import has_reached, plan_pruning
from nvp.remedies import Acting
from nvp.remedies.treatment import start_remedy
from nvp.training.cuda_graph import GraphedStep, can_capture
from nvp.training.gradient_rule import GradientRule
from nvp.training.length import Length
from nvp.training.noise import LiveNoise
from nvp.training.optim import clear_gradients, learning_rate, set_learning_rate, take_step


class Step:
    """Trains a state on one batch at a time. Masks are read once: make a new one after pruning."""

    def __init__(
        self,
        config: TrialConfig,
        state: TrainState,
        epoch: int,
        device: torch.device,
        *,
        remedy: Acting | None = None,
        seen: Bool[Tensor, "k"] | None = None,
    ) -> None:
        """Prepare for an epoch on `device`.

        Args:
            config: of the trial.
            state: changed by each call.
            epoch: which.
            device: of the images.
            remedy: of the trial at work; None = without.
            seen: True for classes that the loss is over; None = all.
        """
        plan = plan_pruning(config.prune)
        if has_reached(state.model, plan, config.prune.sparsity):
            plan = replace(plan, scale_l1=0.0)  # what remains is fine-tuned without the penalty
        live = live_weights(state.model)
        self.state, self.precision, self.seen = state, config.precision, seen
        self.rng = make_generator(config.seed, "noise", epoch, device)
        self.rule = GradientRule(state.model, config.optim, live, plan)
        self.shake = LiveNoise(state.model, plan, live, state.dead)
        self.remedy = remedy or Acting()
        self.sums = torch.zeros(2, device=device, dtype=torch.float64)
        self.loss_sum, self.hits = self.sums.unbind()

    def __call__(self, pixels: Tensor, labels: Tensor, progress: float) -> None:
        """Train on one batch; add its loss, times its images, and its hits to `sums`."""
        with self.remedy.watching():
            logits = compute_logits(self.state.model, pixels, self.precision)
        logits = close_unseen(logits, self.seen)
        loss = F.cross_entropy(logits, labels)
        clear_gradients(self.state.optimizer)
        loss.backward()
        self.rule(self.rng, progress)
        self.remedy.after_backward()
        self.remedy.take_step(self.state.optimizer, take_step)
        self.shake(self.rng, progress)
        self.remedy.after_step()
        with torch.no_grad():
            self.loss_sum.add_(loss.detach() * len(labels))
            self.hits.add_((logits.argmax(1) == labels).sum())

    @property
    def changes_with_progress(self) -> bool:
        """Whether more than the learning rate depends on how far training is."""
        changes = self.rule.changes_with_progress or self.shake.changes_with_progress
        return changes or self.remedy.in_steps


def train_epoch(
    config: TrialConfig, images: ImageSource, state: TrainState, epoch: int, *, length: Length
) -> tuple[float | None, float | None]:
    """Train one epoch; return its mean loss and accuracy as seen while training.

    Epoch 0 is the initial network: no step, (None, None). One host sync an epoch.

    Args:
        config: the trial's.
        images: to train on.
        state: changed.
        epoch: which.
        length: of the trial.
    """
    if epoch == 0:
        return None, None
    if plan_pruning(config.prune).is_soft:
        release_masks(state.model)
    seed_libraries(derive_seed(config.seed, "dropout", epoch))
    remedy, seen = start_remedy(config, state, images), find_seen(images)
    step = Step(config, state, epoch, images.device, remedy=remedy, seen=seen)
    run = GraphedStep(step) if can_capture(step, images) else step
    count = 0
    state.model.train()
    for pixels, labels in train_batches(images, config.data, seed=config.seed, epoch=epoch):
        if state.step == length.step_ends[state.task]:
            break
        set_learning_rate(state.optimizer, find_learning_rate(config.optim, length, state.step))
        run(pixels, labels, length.measure_progress(state.step))
        state.step += 1
        count += len(labels)
    remedy.end_epoch()
    loss, hits = step.sums.tolist()
    check_finite(loss, "training loss")
    if state.online:
        right, seen_images = state.online
        state.online = (right + int(hits), seen_images + count)
    return loss / count, hits / count


def find_learning_rate(config: OptimConfig, length: Length, step: int) -> float:
    """Return the learning rate of the step that follows `step` others."""
    restart = config.restart == "task"
    return learning_rate(config, length.measure_progress(step, restart=restart))
