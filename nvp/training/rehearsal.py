"""Rehearsal: two short epochs on noise, on the driver, with all that a user named.

Whether a function returns what it should is known only once it was called. So a trial that would
fail is refused before any trial starts.
"""

from dataclasses import replace
from functools import cache

from nvp.config.dotted_names import explain_failure, is_dotted, list_dotted
from nvp.config.seed import kept_streams, seed_libraries
from nvp.config.trial_config import (
    DataConfig,
    OptimConfig,
    ProbeConfig,
    PruneConfig,
    RemedyConfig,
    TrialConfig,
)
from nvp.data.data_set import DataSet, Facts
from nvp.network.train_state import Diverged
from nvp.pruning import plan_pruning
from nvp.training.build import build, random_images
from nvp.training.loop import train

IMAGES, BATCH, EPOCHS = 16, 8, 2
NAMED = ("name", "schedule", "noise_kind", "extra")  # of OptimConfig
AMOUNTS = ("noise", "clip_norm")  # of it; what counts is whether there is any
PARTS = ("method", "criterion", "allocation", "schedule", "regrow", "extra", "sites")


def rehearse(config: TrialConfig, facts: DataSet) -> None:
    """Raise ValueError where something that the user named does not work in a trial.

    Args:
        config: of the trial; nothing happens where it names nothing of the user's.
        facts: of its data.
    """
    if any(not path.startswith("data.") for path in list_dotted(config)):
        train_shortly(shorten(config), facts.image_shape, facts.num_classes)


def shorten(config: TrialConfig) -> TrialConfig:
    """Return a short trial of the same parts: one for all cells that differ in numbers alone."""
    optim = {name: getattr(config.optim, name) for name in NAMED}
    optim |= {name: float(getattr(config.optim, name) > 0) for name in AMOUNTS}
    parts = {name: getattr(config.prune, name) for name in PARTS}
    may_shrink = config.prune.shrink != "never" and plan_pruning(config.prune).may_shrink()
    shrink = "always" if may_shrink else "never"  # a removal may fail that nothing else shows
    return TrialConfig(
        epochs=EPOCHS,
        data=DataConfig(batch_size=BATCH),
        model=replace(config.model, weights=""),
        optim=OptimConfig(lr=0.001, **optim),
        prune=PruneConfig(
            start=0.0, end=0.5, patience=1, regrow_end=1.0, batch=BATCH, shrink=shrink, **parts
        ),
        remedy=config.remedy if is_dotted(config.remedy.name) else RemedyConfig(),
        probe=ProbeConfig(size=IMAGES, bins=4),
    )


@cache
def train_shortly(config: TrialConfig, image_shape: tuple[int, int, int], num_classes: int) -> None:
    """Train a short trial to its end; raises as `rehearse`. The random state stays as it was."""
    shape = Facts(image_shape, num_classes, IMAGES)
    with kept_streams():
        seed_libraries(0)
        data = random_images(shape, IMAGES)
        try:
            for _ in train(config, data, build(config, data, "cpu")):
                pass
        except Diverged:  # on noise anything may
            return
        except ValueError:
            raise
        except Exception as error:  # whatever the user's parts raise
            named = ", ".join(f"{path}={name}" for path, name in list_dotted(config).items())
            raise ValueError(
                f"{named}: two short epochs on noise fail: {explain_failure(error)}"
            ) from error
