"""Published methods that prune by what neurons do while the network trains; rows of METHODS."""

from nvp.pruning.methods.method import Method, neurons, weights

EMERGENT = {"aim": "emergent"}

METHODS_BY_ACTIVITY: dict[str, Method] = {
    "none": Method(summary="no pruning: the neurons die undisturbed", aim="none"),
    "dead": neurons(
        "dead", "threshold", "always",
        "remove what has been dead or dormant for three measuring points", **EMERGENT,
    ),
    # --- NVP
    "nvp": neurons(
        "nvi", "network", "cubic",
        "neural vitality: entropy times weight norm, network-wide, gradually",
    ),
    "nvp_weight": weights(
        "nvi", "network_raw", "cubic",
        "weights by size times the entropy of their neuron, network-wide, gradually",
    ),
    "nvp_official": neurons(
        "nvp_official", "layerwise", "soft",
        "as in their code: squared norm times unnormalised entropy, zeroed each epoch, no mask",
    ),
    # --- DS-Pruning
    "ds": neurons(
        "entropy_drop", "threshold", "always",
        "remove neurons whose smoothed entropy fell for three points and is low", **EMERGENT,
    ),
    "ds_legacy_rise": neurons(
        "legacy_rise", "threshold", "always",
        "the published sign: remove neurons whose entropy rose while the sum of rises grew",
        **EMERGENT,
    ),
    "ds_kl": neurons(
        "divergence", "network_raw", "cubic",
        "remove neurons whose histogram moves least: true KL divergence between epochs",
    ),
    "ds_official": neurons(
        "random", "layerwise", "zero_at_init",
        "as in their ReLU script: random filters zeroed once before training, no mask",
    ),
    "ds_official_l1": neurons(
        "l1", "layerwise", "soft",
        "as in their LeakyReLU script: smallest L1 filters zeroed each epoch, no mask",
    ),
    "ds_official_weight": weights(
        "magnitude", "layerwise", "at_init",
        "as in their weight script: smallest weights of each layer masked before training",
    ),
    # --- DNR-Pruning
    "dnr": neurons(
        "dying", "threshold", "always",
        "remove neurons that were dying for three checks; the gradient picks who returns",
        regrow="gradient", needs=("reads",), **EMERGENT,
    ),
    "dnr_redo": neurons(
        "dying", "threshold", "always",
        "as dnr, with reactivation at random", regrow="redo", needs=("reads",), **EMERGENT,
    ),
    "dnr_budget": neurons(
        "dying_nvi", "network", "cubic",
        "as dnr towards a target: the dying first, then the least vital",
        regrow="gradient", needs=("reads",),
    ),
    # --- NN Relief
    "nn_relief": weights(
        "nn_relief", "threshold", "rounds",
        "keep the connections that carry alpha of each neuron's signal; fine-tune",
        needs=("reads",), **EMERGENT,
    ),
    "nn_relief_rewind": weights(
        "nn_relief", "threshold", "rounds",
        "as nn_relief, rewinding to the initial weights after each round (their LeNets)",
        rewinds=True, needs=("reads",), **EMERGENT,
    ),
    # --- DemP
    "demp": neurons(
        "demp", "threshold", "always",
        "drive scales down, shake the living, remove who is dead on all of train",
        scale_l1=3e-4, scale_l1_schedule="one_cycle", live_noise=5e-5, **EMERGENT,
    ),
    "demp_constant": neurons(
        "demp", "threshold", "always",
        "as demp, with a constant penalty and constant noise",
        scale_l1=3e-4, live_noise=5e-5, **EMERGENT,
    ),
}  # fmt: skip
