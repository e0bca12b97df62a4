"""CLAIMS: what the papers say of dying neurons and pruning, and which of our comparisons tests it.

`says` restates a source; numbers read off a figure are marked with "about".
"""

from typing import Any

from analysis.claim import Claim
from analysis.question import DEATH, Contrast, End

DNR = "DNR-Pruning, figures of its repository, 2025"
DEMP = "DemP, arXiv 2403.07688"
UNPRUNED = {"prune.method": "none"}


def death(key: str, **more: Any) -> Contrast:
    """Return the comparison of deaths, unpruned, between the ends of a key."""
    where = UNPRUNED | more.pop("where", {})
    return Contrast(value=DEATH, key=key, where=where, **more)


CLAIMS = (
    Claim(
        source=DNR,
        says="As the learning rate rises, .01 to .1, dead neurons fall (about 1,955 to 1,674).",
        study="learning_rate",
        contrast=death("optim.lr"),
        expects="less",
    ),
    Claim(
        source=DEMP,
        says="A larger learning rate kills more neurons.",
        study="learning_rate",
        contrast=death("optim.lr"),
    ),
    Claim(
        source=DEMP,
        says="A smaller batch kills more neurons: fewer die with the largest, at fixed epochs.",
        study="batch_size",
        contrast=death("data.batch_size", where={"length": "fixed epochs"}),
        expects="less",
    ),
    Claim(
        source="random walk to a silent ReLU (studies/noise_law.py)",
        says="At fixed steps, too, fewer neurons die with the largest batch.",
        study="batch_size",
        contrast=death("data.batch_size", where={"length": "fixed steps"}),
        expects="less",
    ),
    Claim(
        source=DEMP,
        says="Stronger regularisation kills more neurons: L2 on all weights.",
        study="regularization",
        contrast=death("optim.weight_decay", where={"optim.l1": 0.0, "optim.l1_scale": 0.0}),
    ),
    Claim(
        source=DEMP,
        says="Stronger regularisation kills more neurons: L1 on the scales of normalisation.",
        study="regularization",
        contrast=death("optim.l1_scale", where={"optim.weight_decay": 0.0, "optim.l1": 0.0}),
    ),
    Claim(
        source=DEMP,
        says="Adam kills more neurons than SGD with momentum.",
        study="optimizer",
        contrast=death(
            "optim.name", reference="sgd", others=("adam",), where={"optim.weight_decay": 0.0}
        ),
    ),
    Claim(
        source="Mehta et al. 2019, arXiv 1811.12495",
        says="Adam with L2 leaves a sparser network than SGD with L2.",
        study="optimizer",
        contrast=death(
            "optim.name", reference="sgd", others=("adam",), where={"optim.weight_decay": End.LAST}
        ),
    ),
    Claim(
        source=DNR,
        says="With Swish as many neurons are removed while training as with ReLU (about 300).",
        study="activation",
        contrast=Contrast(
            value="sparsity",
            key="model.activation",
            reference="relu",
            others=("silu",),
            where={"prune.method": "dead"},
        ),
        expects="no winner",
    ),
    Claim(
        source="Chen et al. 2023, arXiv 2306.04251",
        says="More gradient noise, more collapsed neurons.",
        study="sgd_noise",
        contrast=death("optim.noise"),
        setting={},
    ),
    Claim(
        source="Whitaker and Whitley 2022, arXiv 2212.06145",
        says="The dead rate of the neurons that are left falls as more is pruned.",
        study="neuron_sparsity",
        contrast=Contrast(value=DEATH, key="prune.sparsity", where={"prune.method": "random"}),
        expects="less",
        setting={},
    ),
    Claim(
        source=DNR,
        says="Reactivating neurons makes pruning more accurate than leaving them out.",
        study="reactivation",
        contrast=Contrast(
            value="test_accuracy",
            key="prune.regrow",
            reference="none",
            others=("gradient",),
            where={"prune.method": "dnr"},
        ),
    ),
    Claim(
        source="Explainable Pruning, figure 2 of its repository, 2024",
        says="At 90 % neuron sparsity theirs is more accurate than SNAP (about 0.863 to 0.855).",
        study="neuron_sparsity",
        contrast=Contrast(
            value="test_accuracy",
            key="prune.method",
            reference="snap",
            others=("ds_official",),
            where={"prune.sparsity": 0.9},
        ),
    ),
    Claim(
        source="Explainable Pruning, figure 3 of its repository, 2024",
        says="At 98 % weight sparsity theirs is as accurate as EarlyCroP (about 0.885 to 0.886).",
        study="weight_sparsity",
        contrast=Contrast(
            value="test_accuracy",
            key="prune.method",
            reference="early_crop",
            others=("ds_official_weight",),
            where={"prune.sparsity": 0.98},
        ),
        expects="no winner",
    ),
    Claim(
        source="NN Relief, arXiv 2109.10795",
        says="A LeNet pruned by signal is as accurate as the dense one.",
        study="nn_relief",
        contrast=Contrast(
            value="test_accuracy", key="prune.method", reference="none", others=("nn_relief",)
        ),
        expects="no winner",
        setting={"data.name": "mnist"},
    ),
    Claim(
        source="Zhou et al. 2020, arXiv 2001.11216",
        says="A filter collapses with a probability proportional to lr^2 (here: whether it grows).",
        study="noise_law",
        contrast=Contrast(value=DEATH, key="optim.lr"),
        setting={},
    ),
    Claim(
        source="Zhou et al. 2020, arXiv 2001.11216",
        says="The probability that a filter collapses is proportional to 1 / scale^2.",
        why="no study varies the initial scale of normalisation",
    ),
    Claim(
        source=DEMP, says="Training is up to 3.56 x faster.", why="needs the paper preset on a GPU"
    ),
    Claim(
        source="Lu et al. 2019, arXiv 1903.06733",
        says="A deep enough ReLU network of fixed width is born dead.",
        why="no study varies depth at fixed width",
    ),
    Claim(
        source="Dohare et al. 2024, Nature 632",
        says="Accuracy falls from 89 % to 77 % over 2,000 tasks, together with more dead units.",
        why="continual learning: no study trains on one task after another",
    ),
    Claim(
        source="Sokar et al. 2023, arXiv 2302.12902",
        says="The share of dormant neurons rises over reinforcement learning.",
        why="reinforcement learning is not part of nvp",
    ),
)
