"""Claims on dead units that come back, of methods that are not built."""

from nvp.analysis.reproduction.claim import Claim
from nvp.question.contrasts import compare_deaths_in_all
from nvp.question.question import METHOD

AP = "AP, Liu et al. 2022, arXiv 2212.06145"

CLAIMS = (
    Claim(
        source=AP,
        says="The dead rate of the neurons that are left falls as more is pruned.",
        study="neuron_sparsity",
        contrast=compare_deaths_in_all("prune.sparsity", where={METHOD: "random"}),
        expects="less",
        source_config={},
    ),
    Claim(
        source=AP,
        says="Reviving dead units gains 3-4 % on CIFAR, 2-3 % on ImageNet.",
        why="AP is not built: it is no method alone, it trains beside another one",
    ),
    Claim(
        source="Synaptic Stripping, Whitaker and Whitley 2023, arXiv 2302.05818",
        says="Stripping the synapses of dead units revives them and helps.",
        why="not built: how much is stripped, and when, was not to be had",
    ),
)
