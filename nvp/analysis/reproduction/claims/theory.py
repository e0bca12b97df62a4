"""Claims on why neurons die, and on what their death costs, by everybody else."""

from nvp.analysis.reproduction.claim import Claim, Share
from nvp.analysis.reproduction.claims.deaths import compare_adam, compare_deaths
from nvp.analysis.reproduction.shares import (
    born_dead_by_depth,
    died_late,
    died_unforced,
)
from nvp.question.contrasts import compare_deaths_in_all
from nvp.question.margins import OF_ACCURACY, OF_DEATHS
from nvp.question.question import METHOD, NONE, Contrast, End

ZHOU = "Zhou et al. 2020, arXiv 2001.11216"
CHEN = "Chen et al. 2023, arXiv 2306.04251"
ANDRIUSHCHENKO = "Andriushchenko et al. 2023, arXiv 2210.05337"
BEHIND = {"model.norm": "batch"}  # of claims on filters behind batch norm
MEHTA = "Mehta et al. 2019, arXiv 1811.12495"
SOKAR = "Sokar et al. 2023, arXiv 2302.12902"
LU = "Lu et al. 2019, arXiv 1903.06733"
RISTER = "Rister and Rubin 2020, arXiv 2007.06192"


def leave_untested(source: str, says: str, why: str) -> Claim:
    """Return a claim that nothing here tests."""
    return Claim(source=source, says=says, why=why)


CLAIMS = (
    Claim(
        source=ZHOU,
        says="Filters behind batch norm and ReLU collapse without any regulariser of sparsity.",
        study="learning_rate",
        share=Share(
            of=died_unforced,
            above=0.0,
            words="dead at the largest learning rate",
            margin=OF_DEATHS,
        ),
        source_config={},
        needs=BEHIND,
    ),
    Claim(
        source=ZHOU,
        says="A filter collapses with a probability proportional to lr^2 (here: whether it grows).",
        study="noise_law",
        contrast=compare_deaths_in_all("optim.lr"),
        source_config={},
        needs=BEHIND,
    ),
    Claim(
        source=ZHOU,
        says="It is proportional to 1 / scale^2, too (here: whether fewer die at a larger scale).",
        study="norm_scale",
        contrast=compare_deaths("model.norm_scale"),
        expects="less",
        source_config={},
        needs=BEHIND,
    ),
    Claim(
        source=ZHOU,
        says="Collapse is worse with an adaptive rate (here: Adam beside SGD, without decay).",
        study="optimizer",
        contrast=compare_adam(0.0),
        source_config={},
        needs=BEHIND,
    ),
    leave_untested(ZHOU, "Collapse is worse in fine-tuning.", "no study fine-tunes on other data"),
    leave_untested(
        ZHOU,
        "A constant added behind batch norm (psBN) prevents it.",
        "no study varies the constant (model.norm_shift)",
    ),
    Claim(
        source=CHEN,
        says="More gradient noise, more collapsed neurons.",
        study="sgd_noise",
        contrast=compare_deaths("optim.noise"),
        source_config={},
    ),
    Claim(
        source=CHEN,
        says="More gradient noise, more collapsed neurons (here: in a study of reactivation).",
        study="reactivation",
        contrast=compare_deaths("optim.noise"),
        source_config={},
    ),
    leave_untested(
        CHEN,
        "A set attracts if and only if L''(0) + D''(0) / 2 > 0 (D: the noise's diffusion).",
        "no column holds the curvature or the diffusion",
    ),
    leave_untested(
        CHEN,
        "A large rate for longer leaves fewer independent neurons and a better test accuracy.",
        "no study varies when the learning rate drops",
    ),
    Claim(
        source=ANDRIUSHCHENKO,
        says="At a larger step size features are sparser (here: dead neurons).",
        study="learning_rate",
        contrast=compare_deaths("optim.lr"),
        source_config={},
    ),
    Claim(
        source=ANDRIUSHCHENKO,
        says="Longer at a large step size, sparser features (here: more dead than half-way).",
        study="learning_rate",
        share=Share(
            of=died_late,
            above=0.0,
            words="dead at the end minus half-way, largest rate",
            margin=OF_DEATHS,
        ),
        source_config={},
    ),
    leave_untested(
        ANDRIUSHCHENKO,
        "Noise minimises the norms of the Jacobian's columns (a conjecture).",
        "no column holds the Jacobian",
    ),
    leave_untested(
        "Pesme et al. 2021, arXiv 2106.09524",
        "The slower the training loss converges, the stronger the bias to sparsity.",
        "it is of diagonal linear networks, which are not part of nvp",
    ),
    Claim(
        source=MEHTA,
        says="Adam with L2 leaves a sparser network than SGD with L2.",
        study="optimizer",
        contrast=compare_adam(End.LAST),
    ),
    leave_untested(
        MEHTA,
        "The speed-up is on par with explicit pruning or better.",
        "no study compares it with pruning at equal accuracy",
    ),
    leave_untested(
        MEHTA,
        "Seemingly unrelated hyperparameters change the sparsity under Adam with L2.",
        "the study of optimizers varies the decay only",
    ),
    leave_untested(
        SOKAR,
        "The share of dormant neurons rises over reinforcement learning.",
        "reinforcement learning is not part of nvp",
    ),
    Claim(
        source=SOKAR,
        says="Recycling neurons (ReDo) helps (here: of pruned neurons, in classification).",
        study="reactivation",
        contrast=Contrast(
            value="test_accuracy",
            key="prune.regrow",
            reference=NONE,
            others=("redo",),
            where={METHOD: "dnr"},
            margin=OF_ACCURACY,
        ),
        source_config={},
    ),
    Claim(
        source=LU,
        says="The deeper a ReLU network of fixed width, the more of it is born dead.",
        study="depth",
        share=Share(
            of=born_dead_by_depth,
            above=0.0,
            words="born dead without normalisation, deepest minus shallowest",
            margin=OF_DEATHS,
        ),
        source_config={},
    ),
    Claim(
        source=LU,
        says="Batch normalisation prevents it (here: deaths at the end, all depths).",
        study="depth",
        contrast=compare_deaths_in_all("model.norm", reference=NONE, others=("batch",)),
        expects="less",
        source_config={},
    ),
    leave_untested(
        RISTER,
        "Width that grows with depth prevents it; sign flips keep 2^-k of the points for k layers.",
        "no study varies width with depth, none flips signs",
    ),
)
