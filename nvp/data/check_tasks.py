"""The check that a data set can be made into the tasks that a trial asks for, on the driver."""

from nvp.config.sections.data import DataConfig
from nvp.data.data_set import DataSet
from nvp.data.tasks import count_classes

PLAIN = {
    "permuted": "permuted images have no neighbouring pixels",
    "shuffled_labels": "each image has one random label to remember",
}  # kinds of tasks whose images are not augmented, and why


def check_tasks(config: DataConfig, facts: DataSet) -> None:
    """Raise ValueError for tasks that cannot be made of a data set.

    Args:
        config: of the data.
        facts: of the data set.
    """
    if config.task == "none":
        return
    if config.tasks < 2:
        raise ValueError(
            f"data.tasks: expected at least 2 with data.task={config.task}, got {config.tasks}"
        )
    if facts.streamed:
        raise ValueError(
            f"data.task: expected a data set that fits into memory with {config.task}, got "
            f"data.name={config.name}, which is streamed from its files"
        )
    if config.task in PLAIN and (config.augment != "none" or config.cutout):
        got = f"data.cutout={config.cutout}" if config.cutout else f"data.augment={config.augment}"
        raise ValueError(
            f"data.task: expected no augmentation with {config.task}, because "
            f"{PLAIN[config.task]}: data.augment=none and data.cutout=0, got {got}"
        )
    if config.task == "class_incremental":
        check_classes(config, facts.num_classes)


def check_classes(config: DataConfig, num_classes: int) -> None:
    """Raise ValueError where class-incremental tasks need more classes than there are."""
    needed = count_classes(config, config.tasks - 1)
    if needed > num_classes:
        most = max(0, num_classes - config.first_classes) // config.more_classes + 1
        raise ValueError(
            f"data.tasks: expected at most {most} with data.first_classes={config.first_classes} "
            f"and data.more_classes={config.more_classes}, as {config.name} has {num_classes} "
            f"classes, got {config.tasks}, which need {needed}"
        )
