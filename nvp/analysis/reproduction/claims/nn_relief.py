"""Claims of NN Relief (Dekhovich et al., Machine Learning 113, 2024)."""

from nvp.analysis.reproduction.claim import Claim
from nvp.question.margins import OF_LENETS, OF_WEIGHTS
from nvp.question.question import METHOD, NONE, Contrast

RELIEF = "NN Relief, arXiv 2109.10795"

CLAIMS = (
    Claim(
        source=RELIEF,
        says="A LeNet pruned by signal is as accurate as the dense one.",
        study="nn_relief",
        contrast=Contrast(
            value="test_accuracy",
            key=METHOD,
            reference=NONE,
            others=("nn_relief",),
            margin=OF_LENETS,
        ),
        expects="equal",
        source_config={"data.name": "mnist"},
    ),
    Claim(
        source=RELIEF,
        says="Which optimizer trains, Adam or SGD, decides how many connections can go.",
        study="nn_relief",
        contrast=Contrast(
            value="weight_sparsity",
            key="optim.name",
            reference="adam",
            others=("sgd",),
            where={METHOD: "nn_relief"},
            margin=OF_WEIGHTS,
        ),
        expects="a difference",
        source_config={},
    ),
    Claim(
        source=RELIEF,
        says="VGG and ResNets compress more than by others: CIFAR-10, CIFAR-100, Tiny-ImageNet.",
        why="its tables of compression were not to be had",
    ),
    Claim(
        source=RELIEF,
        says="It is not made to save operations.",
        why="a statement of intent; `flops_left` of nn_relief is in the tables of its study",
    ),
)
