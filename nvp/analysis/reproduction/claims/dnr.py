"""Claims of DNR-Pruning, of NVP, and of what one of their authors published before."""

from typing import Any

from nvp.analysis.reproduction.claim import Claim
from nvp.analysis.reproduction.claims.deaths import compare_deaths, compare_deaths_at, compare_l2
from nvp.question.margins import OF_ACCURACY, OF_REMOVED
from nvp.question.question import METHOD, NONE, Contrast

DNR = "DNR-Pruning, figures of its repository, 2025"
TABLE = "DNR-Pruning, table of ResNet-50 on ImageNet, 2024"
NVP = "NVP, its repository, 2025"
TAI = "Delve into Neural Activations, IEEE TAI 2023"
IMAGENET = {"data.name": "imagenet", "model.name": "resnet50"}
NO_NUMBERS = "the numbers were not to be had, so there is nothing to compare with"


def compare_removed(key: str, **more: Any) -> Contrast:
    """Return the comparison of what is removed while training, between levels of a key."""
    return Contrast(value="sparsity", key=key, where={METHOD: "dead"}, margin=OF_REMOVED, **more)


def compare_kept(reference: str, other: str) -> Contrast:
    """Return the comparison of two methods at 80 % sparsity."""
    return Contrast(
        value="test_accuracy",
        key=METHOD,
        reference=reference,
        others=(other,),
        where={"prune.sparsity": 0.8},
        margin=OF_ACCURACY,
    )


def claim_activation(name: str, other: str) -> Claim:
    """Return the claim that as many are removed with an activation as with ReLU."""
    return Claim(
        source=DNR,
        says=f"With {name} as many neurons are removed while training as with ReLU (about 300).",
        study="activation",
        contrast=compare_removed("model.activation", reference="relu", others=(other,)),
        expects="equal",
    )


CLAIMS = (
    Claim(
        source=DNR,
        says="As the learning rate rises, .01 to .1, dead neurons fall (about 1,955 to 1,674).",
        study="learning_rate",
        contrast=compare_deaths("optim.lr"),
        expects="less",
    ),
    Claim(
        source=DNR,
        says="At a larger learning rate more neurons are removed (about 300 to 375 an epoch).",
        study="learning_rate",
        contrast=compare_removed("optim.lr"),
    ),
    Claim(
        source=DNR,
        says="As the batch grows, 16 to 256, dead neurons fall (about 3,121 to 182).",
        study="batch_size",
        contrast=compare_deaths_at("data.batch_size", length="fixed epochs"),
        expects="less",
    ),
    Claim(
        source=DNR,
        says="As lambda rises, 0 to 9e-5, dead neurons rise (0 to about 40,311; here: L2).",
        study="regularization",
        contrast=compare_l2(),
    ),
    claim_activation("Swish", "silu"),
    claim_activation("LeakyReLU", "leaky_relu"),
    Claim(
        source=DNR,
        says="With gradient noise as many neurons are removed as without (about 300 to 340).",
        study="sgd_noise",
        contrast=compare_removed("optim.noise"),
        expects="equal",
        source_config={},
    ),
    Claim(
        source=DNR,
        says="Reactivating neurons makes pruning more accurate than leaving them out.",
        study="reactivation",
        contrast=Contrast(
            value="test_accuracy",
            key="prune.regrow",
            reference=NONE,
            others=("gradient",),
            where={METHOD: "dnr"},
            margin=OF_ACCURACY,
        ),
    ),
    Claim(
        source=TABLE,
        says="At 80 %, pruning neurons early keeps more than before training (68.26 to 28.28).",
        study="imagenet",
        contrast=compare_kept("snap", "early_crop_s"),
        source_config=IMAGENET,
    ),
    Claim(
        source=TABLE,
        says="At 80 %, unstructured RigL beats theirs (75.10 to 69.98).",
        study="imagenet",
        contrast=compare_kept("magnitude_weight", "rigl"),
        source_config=IMAGENET,
    ),
    Claim(
        source=TABLE,
        says="Theirs trains in .81 and .61 of the dense time, with .57 and .42 of its operations.",
        why="needs ImageNet on a GPU; their code removes no channel, so the times are not its own",
    ),
    Claim(
        source="DNR-Pruning, TMLR 2025",
        says="It works for MLPs on MNIST, VGG-16 and ResNet-18 on CIFAR-10 and Tiny-ImageNet.",
        why=NO_NUMBERS,
    ),
    Claim(
        source=NVP,
        says="Vitality says who can go: at 90 % sparsity more accurate than chance (its premise).",
        study="neuron_sparsity",
        contrast=Contrast(
            value="test_accuracy",
            key=METHOD,
            reference="random",
            others=("nvp",),
            where={"prune.sparsity": 0.9},
            margin=OF_ACCURACY,
        ),
    ),
    Claim(
        source=NVP,
        says="60 % of the neurons go in 150 epochs, 75 % of the weights in 250.",
        why="settings of its scripts, without accuracies; in studies/neuron_sparsity.py at paper",
    ),
    Claim(
        source=NVP,
        says="It works for MLPs, VGG and on ImageNet.",
        why=NO_NUMBERS,
    ),
    Claim(
        source=TAI,
        says="About 80 % of post-activations of trained sigmoid and tanh networks share a region.",
        why="no study trains a sigmoid or tanh network",
    ),
)
