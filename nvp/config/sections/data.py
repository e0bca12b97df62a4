"""Which images, in which batches, in which tasks: a section of `TrialConfig`."""

from dataclasses import dataclass

from nvp.config.extra import Extra
from nvp.config.fields import Settings, open_settings, setting

TASKS = ("none", "permuted", "shuffled_labels", "class_incremental", "data_incremental")


@dataclass(frozen=True, kw_only=True)
class DataConfig(Settings):
    """Which images, in which batches."""

    name: str = setting(
        "digits", "data set, a name in DATASETS, or folder:<name>[@<side>] below NVP_DATA"
    )
    batch_size: int = setting(64, "images per step", low=1)
    augment: str = setting(
        "none",
        "batched augmentation; crop_flip: shift by up to 4 pixels (a streamed set: random resized "
        "crop), mirror every second one",
        choices=("none", "crop_flip"),
    )
    cutout: int = setting(
        0, "side in pixels of one hole an image, filled with the mean; 0 = none", low=0
    )
    images: int = setting(0, "train images: the first so many of the split; 0 = all", low=0)
    task: str = setting(
        "none",
        "kind of a sequence of tasks, which a network learns one after another: with permuted "
        "pixels, random labels, more classes or more images",
        choices=TASKS,
    )
    tasks: int = setting(1, "tasks of the sequence, each of `epochs` or `steps`", low=1)
    labels: str = setting(
        "iid",
        "shuffled_labels: each label drawn by itself, or balanced: the true labels permuted",
        choices=("iid", "balanced"),
    )
    first_classes: int = setting(2, "class_incremental: classes of the first task", low=1)
    more_classes: int = setting(2, "class_incremental: classes that each later task adds", low=1)
    extra: Extra = open_settings("a function of data.name")
