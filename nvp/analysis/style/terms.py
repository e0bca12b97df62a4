"""What the words of a figure or a table mean, for a page that explains them where they stand."""

import re

PRIMARY = "primary"
DORMANT = "a mean output of at most {} of its layer's mean, over the images of the probe"
# {term: (what it is found by in a text, what it means)}
TERMS = {
    "strictly dead": ("strictly dead", "an output of 0 for every image of the probe"),
    "never fire": ("never fire", "an output of 0 for every image of the probe"),
    "never positive": ("never positive", "before the activation below 0 for every probe image"),
    "saturated": ("saturated", "at the flat end of its activation for every probe image"),
    "rarely firing": ("rarely firing", "active for fewer than 1 % of the probe images"),
    "hardly ever fire": ("hardly ever fire", "active for fewer than 1 % of the probe images"),
    "dormant, τ = 0.025": ("τ = 0.025", DORMANT.format("2.5 %")),
    "all but silent": ("all but silent", DORMANT.format("2.5 %")),
    "dormant, τ = 0.1": (r"τ = 0\.1\b", DORMANT.format("10 %")),
    "low-variance": ("low-variance", "an output that hardly differs between probe images"),
    "duplicate": ("duplicate", "an output that goes with that of an earlier neuron of its layer"),
    "GraMa": ("GraMa", "by gradients: at most 0.01 of the layer's mean |gradient|"),
    "fraction of kept": ("of kept", "of the neurons that no pruning has removed"),
    "born dead": ("born dead", "dead in the initial network, before any training"),
    "sparsity": (
        "(?<!weight )sparsity|units masked|neurons are removed",
        "the fraction of prunable neurons that pruning has removed",
    ),
    "weight sparsity": ("weight sparsity", "the fraction of weights that pruning has removed"),
    "activation entropy": (
        "activation entropy",
        "how evenly a neuron's outputs spread over their range: 0 = always the same",
    ),
    "FLOPs": ("FLOPs", "multiplications and additions of one image's forward pass"),
    "ever died": ("ever died", "dead at some epoch, though perhaps not at the end"),
    "σ": ("σ", "size of the noise added to each gradient"),
    "η": ("η", "the learning rate; of SGD over 1 − momentum"),
    "ERK": ("ERK", "small layers keep a larger share of their weights (Erdős-Rényi kernel)"),
    "Kaplan-Meier": ("Kaplan-Meier", "share not dead yet, where some are lost from sight"),
    "hazard": ("[Hh]azard", "how often a living neuron dies, per epoch"),
    "Aalen-Johansen": ("Aalen-Johansen", "share to which this came first"),
    "Kendall's τ": ("Kendall", "1 = the same order, 0 = no relation, −1 = the opposite"),
    "Jaccard index": ("Jaccard", "members in common over members of either"),
    "Pareto front": ("Pareto|[Oo]n the front", "nothing else is better in both at once"),
    "R²": ("R²", "the share of the differences that is explained: 1 = all"),
    "interaction": ("[Ii]nteraction", "the effect of one setting depends on the other one"),
    "plasticity": ("plasticity", "how well the network still learns a new task"),
    "diverged": ("diverged", "the loss became infinite or not a number"),
    "censored": ("censored", "stopped early by the scheduler"),
    "95 % interval": (
        "95 %",
        "made from the spread between seeds so that 95 of 100 such intervals hold the true value",
    ),
    "[a to b]": (
        r"(?<!%) \[[-\d.]+ to [-\d.]+\]",
        "95 % interval: of 100 made like this from the spread of seeds, 95 hold the true value",
    ),
    "Holm": ("Holm", "p made larger because several comparisons were made at once"),
    PRIMARY: ("primary", "the one comparison that was named before the study ran"),
    "exploratory": ("exploratory", "every other comparison"),
    "margin": ("[Mm]argin|within ±", "how small a difference must be to count as none, set before"),
    "undecided": ("undecided", "neither a difference is shown, nor that there is none"),
}
UNASKED = "the first comparison of all swept keys; the study itself named none before it ran"
PROBE = "fixed training images at which all neurons are looked at"


def explain_terms(text: str) -> list[tuple[str, str]]:
    """Return the terms of a text with what they mean, in the order of TERMS; the probe last."""
    found = [(term, says) for term, (word, says) in TERMS.items() if re.search(word, text)]
    probed = any("probe" in says for _, says in found)
    return [*found, ("probe", PROBE)] if probed else found
