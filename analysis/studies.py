"""STUDIES: what each study asks, the figures that show it and the comparisons that answer it."""

from dataclasses import replace

from analysis.place import nearest
from analysis.question import DEATH, Contrast, End, Question

WATCHED = ("dead_vs_noise", "dead_over_epochs", "accuracy_vs_sparsity", "life_cycle")


def deadly(x: str, hue: str) -> tuple[Contrast, ...]:
    """Return what a study of a hyperparameter compares: deaths unpruned, and what pruning costs."""
    return (
        Contrast(value=DEATH, key=x, where={"prune.method": "none"}, by=hue),
        Contrast(
            value="test_accuracy",
            key="prune.method",
            reference="none",
            others=("dead",),
            where={x: End.LAST},
            by=hue,
        ),
    )


STUDIES = {
    "sgd_noise": Question(
        ask="Does SGD noise kill neurons, and does the sparsity that follows cost accuracy?",
        x="optim.noise",
        hue="optim.lr",
        figures=WATCHED,
        contrasts=deadly("optim.noise", "optim.lr"),
    ),
}


def question_of(study: str, *, trial: str = "") -> Question:
    """Return what a study asks, and the trial that a figure of one trial is to show.

    Raises:
        ValueError: STUDIES does not know the study.
    """
    if study not in STUDIES:
        raise ValueError(
            f"study: expected one of {', '.join(STUDIES)} (STUDIES in analysis/studies.py), "
            f"got {study!r}{nearest(study, list(STUDIES))}"
        )
    return replace(STUDIES[study], trial=trial)
