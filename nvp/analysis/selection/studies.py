"""STUDIES: what each study asks, the figures that show it and the comparisons that answer it.

The first contrast of each is its primary one: a single comparison, named before the study ran.
"""

from dataclasses import replace

from nvp.analysis.frames.load import StudyFrames
from nvp.analysis.selection.contrasts import (
    compare_any_deaths,
    compare_cost,
    compare_deaths,
    compare_deaths_and_cost,
    compare_methods,
    compare_penalty,
    compare_regrowth,
    compare_two_methods,
)
from nvp.analysis.selection.derived_question import derive_question
from nvp.analysis.selection.margins import OF_ACCURACY, OF_LENETS, OF_WEIGHTS
from nvp.analysis.selection.question import METHOD, NONE, Contrast, End, Question

WATCHED = ("dead_at_end", "dead_over_epochs", "accuracy_vs_sparsity", "life_cycle")


FIXED_EPOCHS = {"length": "fixed epochs"}
PLAIN = {"optim.noise": 0.0, "optim.momentum": 0.9}

STUDIES = {
    "activation": Question(
        ask="Do neurons die without ReLU?",
        x="model.activation",
        hue="optim.lr",
        figures=("dead_at_end", "interactions", "accuracy_vs_sparsity"),
        contrasts=(
            compare_deaths("model.activation", reference="relu", others=("silu",)),
            compare_deaths("model.activation", reference="relu", by="optim.lr"),
            compare_cost("optim.lr", by="model.activation"),
        ),
    ),
    "batch_size": Question(
        ask="Do small batches kill neurons, or is it the number of steps?",
        x="data.batch_size",
        hue="length",
        figures=("dead_at_end", "survival", "interactions", "accuracy_vs_sparsity"),
        contrasts=(
            compare_deaths("data.batch_size", where={"length": "fixed steps"}),
            *compare_deaths_and_cost("data.batch_size", "length", deadliest=End.FIRST)[1:],
        ),
    ),
    "imagenet": Question(
        ask="Does pruning while training hold on ImageNet?",
        x="prune.sparsity",
        hue=METHOD,
        figures=("trade_off", "layer_profile"),
        contrasts=(
            compare_two_methods("snap", "early_crop_s", 0.8),
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
        contrasts=(
            compare_two_methods("random", "nvp", 0.9),
            compare_methods("random", "nvp", "magnitude", "taylor", "snap"),
        ),
    ),
    "nn_relief": Question(
        ask="How many connections carry the signal, and does the optimizer decide it?",
        x="optim.name",
        hue="model.name",
        figures=("trade_off", "interactions", "layer_profile"),
        contrasts=(
            compare_methods(NONE, "nn_relief", by="", margin=OF_LENETS),
            Contrast(
                value="weight_sparsity",
                key="optim.name",
                reference="adam",
                where={METHOD: "nn_relief"},
                by="model.name",
                margin=OF_WEIGHTS,
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
            compare_any_deaths("optim.lr"),
            compare_any_deaths("optim.lr", where={"length": "fixed steps"}, by="data.batch_size"),
            compare_any_deaths("data.batch_size", where=PLAIN, by="length"),
            compare_any_deaths("optim.noise", where=FIXED_EPOCHS | {"optim.momentum": 0.9}),
            compare_any_deaths("optim.momentum", where=FIXED_EPOCHS | {"optim.noise": 0.0}),
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
            compare_deaths(
                "optim.name",
                reference="sgd",
                others=("adam",),
                where={"optim.weight_decay": End.LAST},
            ),
            compare_deaths(
                "optim.name",
                reference="adam",
                others=("adamw",),
                where={"optim.weight_decay": End.LAST},
            ),
            *compare_deaths_and_cost("optim.weight_decay", "optim.name")[1:],
        ),
    ),
    "reactivation": Question(
        ask="Is it worth giving removed neurons another chance?",
        x="optim.noise",
        hue="prune.regrow",
        figures=("survival", "trade_off", "competing"),
        contrasts=(
            compare_regrowth("test_accuracy", "gradient", margin=OF_ACCURACY),
            compare_regrowth(
                "test_accuracy", "gradient", "redo", by="optim.noise", margin=OF_ACCURACY
            ),
            compare_regrowth("sparsity", "gradient", "redo", by="optim.noise"),
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
        contrasts=(
            compare_two_methods("random_weight", "rigl", End.LAST),
            compare_methods("random_weight", "gmp", "nvp_weight", "rigl", "snip"),
        ),
    ),
}


def question_of(frames: StudyFrames, *, trial: str = "") -> Question:
    """Return what a study asks, and the trial that a figure of one trial is to show.

    A study that STUDIES does not know is asked about its swept keys: `derive_question`. So is one
    whose tables lack a key of the question that goes with its name.
    """
    known = STUDIES.get(frames.name)
    fits = known and list_keys(known) <= set(frames.trials.columns)
    return replace(known if known and fits else derive_question(frames), trial=trial)


def list_keys(question: Question) -> set[str]:
    """Return the keys that a question names."""
    contrasts = [{one.key, one.by or one.key, *one.where} for one in question.contrasts]
    return {question.x, question.hue}.union(*contrasts)
