"""Claims on networks that learn one task after another, tested by the study `plasticity`.

Theirs are of permuted ImageNet and MNIST, of random labels, and of reinforcement learning; ours are
of permuted images, and shorter: `describe_run` says what ran.
"""

from nvp.analysis.reproduction.claim import Claim, Share
from nvp.analysis.reproduction.shares import died_over_tasks, lost_plasticity
from nvp.question.contrasts import compare_deaths_in_all
from nvp.question.margins import OF_ACCURACY, OF_DEATHS
from nvp.question.question import NONE, Contrast, End

STUDY = "plasticity"
DOHARE = "Dohare et al. 2024, Nature 632"
SOKAR = "Sokar et al. 2023, arXiv 2302.12902"
KUMAR = "Kumar et al. 2023, arXiv 2308.11958"
LYLE = "Lyle et al. 2024, arXiv 2402.18762"
BY_RULE = {"remedy.choice": "rule"}


def claim_remedy(source: str, says: str, remedy: str) -> Claim:
    """Return the claim that a remedy leaves the network more accurate on the last task."""
    contrast = Contrast(
        value="test_accuracy",
        key="remedy.name",
        reference=NONE,
        others=(remedy,),
        where=BY_RULE,
        margin=OF_ACCURACY,
    )
    return Claim(source=source, says=says, study=STUDY, contrast=contrast, source_config={})


CLAIMS = (
    Claim(
        source=DOHARE,
        says="A network learns later tasks worse than early ones (here: what it learns online).",
        study=STUDY,
        share=Share(
            of=lost_plasticity,
            above=0.0,
            words="loss of online accuracy without a remedy",
            margin=OF_ACCURACY,
        ),
        source_config={},
    ),
    Claim(
        source=DOHARE,
        says="While it does, neurons die (here: dead after the last task minus after the first).",
        study=STUDY,
        share=Share(
            of=died_over_tasks,
            above=0.0,
            words="dead after the last task minus after the first, without a remedy",
            margin=OF_DEATHS,
        ),
        source_config={},
    ),
    claim_remedy(DOHARE, "Continual backpropagation keeps a network able to learn.", "cbp"),
    Claim(
        source=DOHARE,
        says="L2 eases the fall.",
        why="the study pulls weights to their initial values (L2 Init), not to 0",
    ),
    claim_remedy(KUMAR, "L2 towards the initial weights keeps a network able to learn.", "l2_init"),
    claim_remedy(
        SOKAR, "Recycling dormant neurons (ReDo) helps (theirs: reinforcement learning).", "redo"
    ),
    claim_remedy(
        LYLE, "Layer norm with weight decay keeps plasticity (here: beside no remedy).", "ln_decay"
    ),
    Claim(
        source=LYLE,
        says="Layer normalisation keeps units alive (here: at the largest learning rate).",
        study="normalisation",
        contrast=compare_deaths_in_all(
            "model.norm", reference=NONE, others=("layer",), where={"optim.lr": End.LAST}
        ),
        expects="less",
        source_config={},
    ),
    Claim(
        source="Lyle et al. 2023, Understanding plasticity in neural networks",
        says="Plasticity is often lost without saturated units.",
        why="saturation is not defined for ReLU, in which the study trains",
    ),
)
