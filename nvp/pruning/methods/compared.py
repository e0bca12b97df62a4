"""Published methods that ours are compared with: by size, chance, derivative; rows of METHODS."""

from nvp.pruning.methods.method import Method, neurons, weights

EMERGENT = {"aim": "emergent"}

METHODS_COMPARED: dict[str, Method] = {
    # --- by size, or by chance
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
    "early_snip": weights(
        "snip", "network_raw", "always",
        "snip once the weights settle, early in training", trigger="settled",
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
