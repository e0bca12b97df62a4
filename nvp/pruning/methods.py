"""METHODS: published methods as rows of configuration; docs/methods has a card for each."""

from nvp.pruning.method import Method, neurons, weights

EMERGENT = {"aim": "emergent"}

METHODS: dict[str, Method] = {
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
    # --- compared with: by size, or by chance
    "magnitude": neurons(
        "magnitude", "network", "cubic",
        "smallest incoming weights, network-wide, gradually",
    ),
    "magnitude_layerwise": neurons(
        "magnitude", "layerwise", "cubic",
        "smallest incoming weights, the same fraction of each layer, gradually",
    ),
    "magnitude_weight": weights(
        "magnitude", "network_raw", "late",
        "smallest weights, network-wide: train, prune, fine-tune",
    ),
    "magnitude_weight_layerwise": weights(
        "magnitude", "layerwise", "late",
        "smallest weights of each layer: train, prune, fine-tune",
    ),
    "gmp": weights(
        "magnitude", "network_raw", "cubic",
        "gradual magnitude pruning: smallest weights, network-wide",
    ),
    "l1": neurons(
        "l1", "layerwise", "late",
        "smallest L1 norm of each layer: train, prune, fine-tune",
    ),
    "random": neurons(
        "random", "layerwise", "cubic",
        "random neurons, the same fraction of each layer, gradually: the control",
    ),
    "random_weight": weights(
        "random", "network_raw", "at_init",
        "random weights before training: the control of the weight methods",
    ),
    "random_erk": weights(
        "random", "erk", "at_init",
        "random weights before training, fewer from small layers (Erdos-Renyi kernel)",
    ),
    "fpgm": neurons(
        "fpgm", "layerwise", "soft",
        "filters nearest to the others of their layer, zeroed each epoch, no mask",
    ),
    "sfp": neurons(
        "magnitude", "layerwise", "soft",
        "soft filter pruning: smallest L2 norm zeroed each epoch, no mask",
    ),
    # --- by derivative, before or early in training
    "snip": weights(
        "snip", "network_raw", "at_init", "|gradient x weight| before training",
    ),
    "snap": neurons(
        "snap", "network_raw", "at_init", "|gradient of a gate on the neuron| before training",
    ),
    "grasp": weights(
        "grasp", "network_raw", "at_init", "keep the gradient flow: weight x (Hessian x gradient)",
    ),
    "synflow": weights(
        "synflow", "network_raw", "at_init",
        "data-free synaptic flow before training, a hundred rounds", in_rounds="exponential",
    ),
    "crop": weights(
        "crop", "network_raw", "at_init", "|weight x (Hessian x gradient)| before training",
    ),
    "crop_s": neurons(
        "crop", "network_raw", "at_init", "crop on gates of the neurons",
    ),
    "cropit": weights(
        "crop", "network_raw", "at_init", "crop in seven rounds", in_rounds="halving",
    ),
    "cropit_s": neurons(
        "crop", "network_raw", "at_init", "crop_s in seven rounds", in_rounds="halving",
    ),
    "early_crop": weights(
        "crop", "network_raw", "always",
        "crop once the weights settle, early in training", trigger="settled",
    ),
    "early_crop_s": neurons(
        "crop", "network_raw", "always",
        "crop_s once the weights settle, early in training", trigger="settled",
    ),
    "early_snap": neurons(
        "snap", "network_raw", "always",
        "snap once the weights settle, early in training", trigger="settled",
    ),
    "early_bird": neurons(
        "scale", "network_raw", "always",
        "smallest scales once their mask stays the same for five points",
        trigger="stable_mask", scale_l1=1e-4, needs=("batch_norm",),
    ),
    # --- sparse from the start
    "rigl": weights(
        "random", "erk", "at_init",
        "random and sparse from the start; the smallest make way for the largest gradients",
        regrow="rigl",
    ),
    "set": weights(
        "random", "er", "at_init",
        "random and sparse from the start; the smallest make way for random ones", regrow="set",
    ),
    # --- by what the neurons do
    "slimming": neurons(
        "scale", "network_raw", "late",
        "network slimming: L1 on scales, smallest scales go, fine-tune",
        scale_l1=1e-4, needs=("batch_norm",),
    ),
    "taylor": neurons(
        "taylor", "network_raw", "cubic",
        "squared sum of gradient x weight of each neuron, smoothed, gradually",
    ),
    "taylor_2017": neurons(
        "taylor_2017", "network_raw", "cubic",
        "|mean of activation x gradient|, L2-normalised by layer, gradually",
    ),
    "hrank": neurons(
        "hrank", "layerwise", "late", "lowest rank of the feature map: train, prune, fine-tune",
    ),
    "apoz": neurons(
        "apoz", "threshold", "rounds",
        "remove who is zero more often than mean + 1 std of the layer, in rounds",
        needs=("relu",), **EMERGENT,
    ),
}  # fmt: skip
