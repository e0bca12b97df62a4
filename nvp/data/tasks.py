"""Tasks: the images of each task of continual learning, from those of the whole data set.

Task t is a function of (seed, "task", t), never of the tasks before it, so any one of them can be
made alone. What is drawn once for all tasks, an order of classes or of images, is of task 0.

Sources: Goodfellow et al., "An empirical investigation of catastrophic forgetting", 2013
(permuted); Kumar et al., "Maintaining plasticity in continual learning via regenerative
regularization", 2023 (shuffled labels); Dohare et al., Nature 632, 2024 (class-incremental); Ash
and Adams, "On warm-starting neural network training", 2020 (data-incremental).
"""

from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from nvp.config.seed import make_generator
from nvp.config.trial_config import DataConfig
from nvp.data.data_set import DataSet
from nvp.data.splits import Images, ImageSource, Splits


def make_task(config: DataConfig, splits: Splits, seed: int, task: int) -> Splits:
    """Return the images of a task; without tasks, all of them.

    Args:
        config: of the data.
        splits: of the whole data set.
        seed: of the trial.
        task: which, from 0.

    Raises:
        ValueError: the images stay in their files, or the task has none.
    """
    if config.task == "none":
        return splits
    counts = count_task_images(config, splits, seed)
    return replace(MAKERS[config.task](config, splits, seed, task), task_images=counts)


def count_tasks(config: DataConfig) -> int:
    """Return how many tasks a trial has; without a kind of tasks it is one."""
    return 1 if config.task == "none" else config.tasks


def count_task_images(config: DataConfig, splits: Splits, seed: int) -> tuple[int, ...]:
    """Return the train images of each task; without tasks there is one."""
    total = len(splits.train)
    if config.task == "data_incremental":
        return count_parts(total, config.tasks)
    if config.task == "class_incremental":
        order = draw_class_order(splits.num_classes, seed)
        counts = splits.train.labels.cpu().bincount(minlength=splits.num_classes)[order].cumsum(0)
        return tuple(int(counts[count_classes(config, t) - 1]) for t in range(config.tasks))
    return (total,) * count_tasks(config)


def expect_task_images(config: DataConfig, facts: DataSet) -> tuple[int, ...]:
    """Return about how many train images each task will have; classes count as equally large."""
    total = facts.num_train
    if config.task == "class_incremental":
        seen = [count_classes(config, t) for t in range(config.tasks)]
        return tuple(total * count // facts.num_classes for count in seen)
    if config.task == "data_incremental":
        return count_parts(total, config.tasks)
    return (total,) * count_tasks(config)


def count_parts(total: int, tasks: int) -> tuple[int, ...]:
    """Return the images of each data-incremental task: 1 / tasks of all, 2 / tasks, ..., all."""
    return tuple((t + 1) * total // tasks for t in range(tasks))


def make_permuted(config: DataConfig, splits: Splits, seed: int, task: int) -> Splits:
    """Return all images with their inputs in one order of this task, the same in every split."""
    order = draw_input_order(torch.Size(splits.train.shape).numel(), seed, task)
    return change_splits(splits, permutation=order.to(splits.train.device))


def draw_input_order(inputs: int, seed: int, task: int) -> Int64[Tensor, "p"]:
    """Return the order of the inputs in a permuted task, uniform over all orders."""
    return torch.randperm(inputs, generator=make_generator(seed, "task", task))


def make_shuffled_labels(config: DataConfig, splits: Splits, seed: int, task: int) -> Splits:
    """Return the train images with labels that say nothing of them; no val and no test images.

    Whatever a network learns of them, it would be right about other images by chance alone.
    """
    train, rng = resident(splits.train), make_generator(seed, "task", task)
    if config.labels == "balanced":
        labels = train.labels[torch.randperm(len(train), generator=rng).to(train.device)]
    else:
        drawn = torch.randint(0, splits.num_classes, (len(train),), generator=rng)
        labels = drawn.to(train.device)
    nothing = slice(0, 0)
    return replace(
        splits,
        train=replace(train, labels=labels),
        val=splits.val.select(nothing),
        test=splits.test.select(nothing),
    )


def make_class_incremental(config: DataConfig, splits: Splits, seed: int, task: int) -> Splits:
    """Return the images of the classes so far, in every split; a loss is over these classes."""
    seen = torch.zeros(splits.num_classes, dtype=torch.bool)
    seen[draw_class_order(splits.num_classes, seed)[: count_classes(config, task)]] = True
    seen = seen.to(splits.train.device)
    parts = {
        name: replace(select_classes(part, seen), seen=seen)
        for name, part in list_splits(splits).items()
    }
    return replace(splits, **parts)


def make_data_incremental(config: DataConfig, splits: Splits, seed: int, task: int) -> Splits:
    """Return the first (task + 1) / tasks of a random order of the train images, all the others."""
    count = count_task_images(config, splits, seed)[task]
    order = torch.randperm(len(splits.train), generator=make_generator(seed, "task"))
    train = resident(splits.train)
    return replace(splits, train=train.select(order[:count].to(train.device)))


MAKERS = {
    "permuted": make_permuted,
    "shuffled_labels": make_shuffled_labels,
    "class_incremental": make_class_incremental,
    "data_incremental": make_data_incremental,
}


def count_classes(config: DataConfig, task: int) -> int:
    """Return how many classes a class-incremental network has seen in a task."""
    return config.first_classes + task * config.more_classes


def draw_class_order(num_classes: int, seed: int) -> Int64[Tensor, "k"]:
    """Return the order in which class-incremental tasks bring the classes."""
    return torch.randperm(num_classes, generator=make_generator(seed, "task"))


def select_classes(images: Images, seen: Bool[Tensor, "k"]) -> Images:
    """Return the images of the classes that were seen."""
    return images.select(seen[images.labels].nonzero().flatten())


def change_splits(splits: Splits, **changes: Any) -> Splits:
    """Return splits with attributes of all their images replaced."""
    parts = {name: replace(part, **changes) for name, part in list_splits(splits).items()}
    return replace(splits, **parts)


def list_splits(splits: Splits) -> dict[str, Images]:
    """Return {"train", "val" and "test": its images}."""
    return {name: resident(getattr(splits, name)) for name in ("train", "val", "test")}


def resident(images: ImageSource) -> Images:
    """Return the images as they are; ValueError where they stay in their files."""
    if isinstance(images, Images):
        return images
    raise ValueError("data.task: expected images that fit into memory, got streamed ones")
