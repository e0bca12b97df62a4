"""STUDIES: what each study asks, the figures that show it and the comparisons that answer it."""

from dataclasses import replace
from typing import Any

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.derived_question import derive_question
from nvp.analysis.selection.question import DEATH, METHOD, NONE, UNPRUNED, Contrast, End, Question

WATCHED = ("dead_at_end", "dead_over_epochs", "accuracy_vs_sparsity", "life_cycle")


FIXED_EPOCHS = {"length": "fixed epochs"}
PLAIN = {"optim.noise": 0.0, "optim.momentum": 0.9}


def compare_deaths_and_cost(
    x: str, by: str = "", deadliest: End = End.LAST
) -> tuple[Contrast, ...]:
    """Return what a study of a hyperparameter compares: deaths unpruned, and what pruning costs.

    The cost is asked for at the level of x at which most die.
    """
    return Contrast(value=DEATH, key=x, where=UNPRUNED, by=by), compare_cost(x, by, deadliest)


def compare_cost(x: str, by: str = "", at: Any = End.LAST) -> Contrast:
    """Return what removing the dead costs at a level of x."""
    return Contrast(
        value="test_accuracy",
        key=METHOD,
        reference=NONE,
        others=("dead",),
        where={x: at},
        by=by,
    )


def compare_methods(reference: str, *others: str, by: str = "prune.sparsity") -> Contrast:
    """Return what pruning methods keep of the accuracy, beside another method."""
    return Contrast(value="test_accuracy", key=METHOD, reference=reference, others=others, by=by)


def compare_penalty(key: str, *others: str) -> Contrast:
    """Return what the strongest of one regularisation kills, the `others` being 0."""
    return Contrast(value=DEATH, key=key, where=UNPRUNED | dict.fromkeys(others, 0.0))


STUDIES = {
    "activation": Question(
        ask="Do neurons die without ReLU?",
        x="model.activation",
        hue="optim.lr",
        figures=("dead_at_end", "interactions", "accuracy_vs_sparsity"),
        contrasts=(
            Contrast(
                value=DEATH, key="model.activation", reference="relu", where=UNPRUNED, by="optim.lr"
            ),
            compare_cost("optim.lr", by="model.activation"),
        ),
    ),
    "batch_size": Question(
        ask="Do small batches kill neurons, or is it the number of steps?",
        x="data.batch_size",
        hue="length",
        figures=("dead_at_end", "survival", "interactions", "accuracy_vs_sparsity"),
        contrasts=compare_deaths_and_cost("data.batch_size", "length", deadliest=End.FIRST),
    ),
    "imagenet": Question(
        ask="Does pruning while training hold on ImageNet?",
        x="prune.sparsity",
        hue=METHOD,
        figures=("trade_off", "layer_profile"),
        contrasts=(
            compare_methods("snap", "early_crop_s", "nvp"),
            compare_methods("magnitude_weight", "rigl"),
        ),
    ),
    "learning_rate": Question(
        ask="Does a large learning rate kill neurons, and does removing them cost accuracy?",
        x="optim.lr",
        hue=METHOD,
        figures=("dead_at_end", "survival", "effect_map", "accuracy_vs_sparsity"),
        contrasts=compare_deaths_and_cost("optim.lr"),
    ),
    "neuron_sparsity": Question(
        ask="How much accuracy is left when most neurons are gone?",
        x="prune.sparsity",
        hue=METHOD,
        figures=("trade_off", "layer_profile", "rank_stability", "competing"),
        contrasts=(compare_methods("random", "nvp", "magnitude", "taylor", "snap"),),
    ),
    "nn_relief": Question(
        ask="How many connections carry the signal, and does the optimizer decide it?",
        x="optim.name",
        hue="model.name",
        figures=("trade_off", "interactions", "layer_profile"),
        contrasts=(
            Contrast(
                value="weight_sparsity",
                key="optim.name",
                reference="adam",
                where={METHOD: "nn_relief"},
                by="model.name",
            ),
            compare_methods(NONE, "nn_relief", by="model.name"),
        ),
    ),
    "noise_law": Question(
        ask="Is there one number that death depends on?",
        x="optim.lr",
        hue="data.batch_size",
        figures=("collapse", "interactions", "effect_map", "importance"),
        contrasts=(
            Contrast(
                value=DEATH, key="optim.lr", where={"length": "fixed steps"}, by="data.batch_size"
            ),
            Contrast(value=DEATH, key="data.batch_size", where=PLAIN, by="length"),
            Contrast(value=DEATH, key="optim.noise", where=FIXED_EPOCHS | {"optim.momentum": 0.9}),
            Contrast(value=DEATH, key="optim.momentum", where=FIXED_EPOCHS | {"optim.noise": 0.0}),
        ),
    ),
    "norm_scale": Question(
        ask="Does a small scale of normalisation kill neurons?",
        x="model.norm_scale",
        hue="optim.lr",
        figures=("dead_at_end", "survival", "accuracy_vs_sparsity"),
        contrasts=compare_deaths_and_cost("model.norm_scale", "optim.lr", End.FIRST),
    ),
    "optimizer": Question(
        ask="Is Adam with L2 what makes filters die?",
        x="optim.weight_decay",
        hue="optim.name",
        figures=("dead_at_end", "interactions", "layer_profile", "accuracy_vs_sparsity"),
        contrasts=(
            Contrast(
                value=DEATH,
                key="optim.name",
                reference="adam",
                where=UNPRUNED | {"optim.weight_decay": End.LAST},
            ),
            *compare_deaths_and_cost("optim.weight_decay", "optim.name"),
        ),
    ),
    "reactivation": Question(
        ask="Is it worth giving removed neurons another chance?",
        x="optim.noise",
        hue="prune.regrow",
        figures=("survival", "trade_off", "competing"),
        contrasts=tuple(
            Contrast(
                value=value,
                key="prune.regrow",
                reference=NONE,
                others=("gradient", "redo"),
                where={METHOD: "dnr"},
                by="optim.noise",
            )
            for value in ("test_accuracy", "sparsity")
        ),
    ),
    "regularization": Question(
        ask="Which regularisation kills neurons: L2, L1 on weights, or L1 on scales?",
        x="strength",
        hue="penalty",
        figures=("dead_at_end", "importance", "survival", "accuracy_vs_sparsity"),
        contrasts=(
            compare_penalty("optim.l1_scale", "optim.weight_decay", "optim.l1"),
            compare_penalty("optim.weight_decay", "optim.l1", "optim.l1_scale"),
            compare_penalty("optim.l1", "optim.weight_decay", "optim.l1_scale"),
            compare_cost("optim.l1_scale"),
        ),
    ),
    "sgd_noise": Question(
        ask="Does SGD noise kill neurons, and does the sparsity that follows cost accuracy?",
        x="optim.noise",
        hue="optim.lr",
        figures=WATCHED,
        contrasts=compare_deaths_and_cost("optim.noise", "optim.lr"),
    ),
    "weight_sparsity": Question(
        ask="How much accuracy is left when most weights are gone?",
        x="prune.sparsity",
        hue=METHOD,
        figures=("trade_off", "effect_map", "survival"),
        contrasts=(compare_methods("random_weight", "gmp", "nvp_weight", "rigl", "snip"),),
    ),
}


def question_of(frames: StudyFrames, *, trial: str = "") -> Question:
    """Return what a study asks, and the trial that a figure of one trial is to show.

    A study that STUDIES does not know is asked about its swept keys: `derive_question`.
    """
    question = STUDIES.get(frames.name) or derive_question(frames)
    return replace(question, trial=trial)
