"""Claims of DemP (Dufort-Labbe et al., "Maxwell's demon at work", 2024)."""

from nvp.analysis.reproduction.claim import Claim, Share
from nvp.analysis.reproduction.claims.deaths import (
    compare_adam,
    compare_deaths,
    compare_deaths_at,
    compare_l2,
)
from nvp.analysis.reproduction.shares import died_again
from nvp.question.contrasts import compare_deaths_in_all
from nvp.question.margins import OF_REMOVED
from nvp.question.question import METHOD, NONE, Contrast

DEMP = "DemP, arXiv 2403.07688"
NOTE = "a third party's note on DemP, unverified"


def claim_accumulation(name: str, activation: str) -> Claim:
    """Return the claim that neurons go dormant under another activation."""
    return Claim(
        source=DEMP,
        says=f"{name} networks, too, accumulate all but dead neurons, more at a larger rate.",
        study="activation",
        contrast=compare_deaths("optim.lr", where={"model.activation": activation}),
    )


CLAIMS = (
    Claim(
        source=DEMP,
        says="A larger learning rate kills more neurons.",
        study="learning_rate",
        contrast=compare_deaths("optim.lr"),
    ),
    Claim(
        source=DEMP,
        says="A smaller batch kills more neurons: fewer die with the largest, at fixed epochs.",
        study="batch_size",
        contrast=compare_deaths_at("data.batch_size", length="fixed epochs"),
        expects="less",
    ),
    Claim(
        source="random walk to a silent ReLU (studies/noise_law.py)",
        says="At fixed steps, too, fewer neurons die with the largest batch.",
        study="batch_size",
        contrast=compare_deaths_at("data.batch_size", length="fixed steps"),
        expects="less",
    ),
    Claim(
        source=DEMP,
        says="AdamW: dead neurons accumulate with the rate (without decay it is Adam, which ran).",
        study="noise_law_adam",
        contrast=compare_deaths_in_all("optim.lr"),
    ),
    Claim(
        source=DEMP,
        says="AdamW: they accumulate with small batches: fewer with the largest, at fixed epochs.",
        study="noise_law_adam",
        contrast=compare_deaths_in_all("data.batch_size", where={"length": "fixed epochs"}),
        expects="less",
    ),
    Claim(
        source=DEMP,
        says="Stronger regularisation kills more neurons: L2 on all weights.",
        study="regularization",
        contrast=compare_l2(),
    ),
    Claim(
        source=DEMP,
        says="Stronger regularisation kills more neurons: L1 on weights.",
        study="regularization",
        contrast=compare_deaths(
            "optim.l1", where={"optim.weight_decay": 0.0, "optim.l1_scale": 0.0}
        ),
    ),
    Claim(
        source=DEMP,
        says="Stronger regularisation kills more neurons: L1 on the scales of normalisation.",
        study="regularization",
        contrast=compare_deaths(
            "optim.l1_scale", where={"optim.weight_decay": 0.0, "optim.l1": 0.0}
        ),
    ),
    Claim(
        source=DEMP,
        says="Adam kills more neurons than SGD with momentum.",
        study="optimizer",
        contrast=compare_adam(0.0),
    ),
    Claim(
        source=DEMP,
        says="L1 on scales kills most with Adam.",
        why="no study crosses the optimizer with L1 on scales",
    ),
    claim_accumulation("Leaky ReLU", "leaky_relu"),
    claim_accumulation("Swish", "silu"),
    Claim(
        source=DEMP,
        says="Noise on the living and a passing penalty on scales empty a network of neurons.",
        study="neuron_sparsity",
        contrast=Contrast(
            value="sparsity", key=METHOD, reference=NONE, others=("demp",), margin=OF_REMOVED
        ),
        source_config={},
    ),
    Claim(
        source=DEMP, says="Training is up to 3.56 x faster.", why="needs the paper preset on a GPU"
    ),
    Claim(
        source=DEMP,
        says="Units of a transformer's MLPs die, too, more at a larger rate (here: ReLU).",
        study="transformer",
        contrast=compare_deaths_in_all("optim.lr", where={"model.activation": "relu"}),
        source_config={"data.name": "cifar10", "model.name": "vit"},
    ),
    Claim(
        source=DEMP,
        says="It holds on ImageNet (ResNet-50), and pruning the dead of transformers is free.",
        why="no study prunes a transformer of its dead; the accuracies were not to be had",
    ),
    Claim(
        source=NOTE,
        says="More than 90 % of the neurons that revive die again.",
        study="learning_rate",
        share=Share(
            of=died_again,
            above=0.9,
            words="of those that had revived by half of training, died again by its end, all rates",
        ),
        source_config={},
    ),
    Claim(
        source=NOTE,
        says="Neurons mostly revive when the learning rate decays.",
        why="no study compares revival at a constant rate and at a falling one",
    ),
)
