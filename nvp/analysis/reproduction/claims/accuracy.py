"""Claims that the published figures of accuracy make: theirs beside each method, at both ends.

Made of `reference.csv`: accuracies closer than `ALIKE` are said to be alike. And a claim on when to
prune.
"""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from nvp.analysis.reproduction.claim import Claim
from nvp.analysis.reproduction.published import load_reference
from nvp.question.margins import OF_ACCURACY, OF_READ_ACCURACY
from nvp.question.question import METHOD, Contrast

THEIRS = "ExplainableP"
ALIKE = 0.004  # read off a figure, so that closer than this is equal
NAMES = {"more": "more accurate than", "less": "less accurate than", "equal": "as accurate as"}
# table: study, network, what is gone, figure
TABLES = {
    "ResNet-18, CIFAR-10, neuron sparsity": ("neuron_sparsity", "resnet18", "neuron", 2),
    "ResNet-18, CIFAR-10, weight sparsity": ("weight_sparsity", "resnet18_dropout", "weight", 3),
}


def read_claims(table: pd.DataFrame) -> Iterator[Claim]:
    """Yield a claim for each other method and each end of the sparsities of the tables."""
    for name in TABLES:
        rows = table[table["table"] == name]
        theirs = rows[rows["method"] == THEIRS].set_index("level")
        for level in (rows["level"].min(), rows["level"].max()):
            others = rows[(rows["level"] == level) & (rows["method"] != THEIRS)]
            for other in others.to_dict("records"):
                yield make_claim(name, level, theirs.loc[level].to_dict(), other)


def make_claim(table: str, level: float, theirs: dict[str, Any], other: dict[str, Any]) -> Claim:
    """Return what a figure says of theirs and another method at one sparsity."""
    study, network, unit, figure = TABLES[table]
    expects = expect_outcome(theirs["value"], other["value"])
    values = f"about {theirs['value']:.3f} to {other['value']:.3f}"
    at = f"At {100 * level:.0f} % {unit} sparsity"
    where = {"prune.sparsity": level}
    ours = Contrast(
        value="test_accuracy",
        key=METHOD,
        reference=other["run"],
        others=(theirs["run"],),
        where=where,
        margin=OF_READ_ACCURACY,
    )
    return Claim(
        source=f"Explainable Pruning, figure {figure} of its repository, 2024",
        says=f"{at} theirs is {NAMES[expects]} {other['method']} ({values}).",
        study=study,
        contrast=ours,
        expects=expects,
        source_config={"data.name": "cifar10", "model.name": network},
        accuracy=max(theirs["value"], other["value"]),
    )


def expect_outcome(theirs: float, other: float) -> str:
    """Return how theirs comes out beside another accuracy."""
    if abs(theirs - other) < ALIKE:
        return "equal"
    return "more" if theirs > other else "less"


WHEN = Claim(
    source="OCSPruner (one-cycle structured pruning), 2025",
    says="Pruned early, a network ends as accurate as pruned late (here: by magnitude, the last "
    "moment beside the first).",
    study="prune_when",
    contrast=Contrast(
        value="test_accuracy",
        key="prune.start",
        where={METHOD: "magnitude"},
        margin=OF_ACCURACY,
    ),
    expects="equal",
    source_config={},
)
CLAIMS = (*read_claims(load_reference()), WHEN)
