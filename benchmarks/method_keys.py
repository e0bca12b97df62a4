"""Which settings change which part of a pruning method."""

from nvp.pruning import Method

ON_IMAGES = {"snip", "snap", "grasp", "crop", "taylor", "taylor_2017", "hrank", "nvp_official"}
BY_NORM = {"nvi", "magnitude", "dying_nvi", "nvp_official", "hrank"}  # of neurons
BY_PATIENCE = {"dead", "dying", "dying_nvi"}
SCHEDULE_KEYS = {
    "cubic": ["start", "end"],
    "late": ["end"],
    "one_shot": ["start"],
    "rounds": ["rounds", "start", "end"],
}


def keys_of(method: Method) -> dict[str, list[str]]:
    """Return {part: fields of `PruneConfig` that change it}."""
    neurons = method.granularity == "neuron"
    relief = method.criterion == "nn_relief"  # a pass of its own: neither floor nor sites
    regrow = ["regrow", "regrow_fraction", "regrow_end"]
    return {
        "aim": ["sparsity"] if method.aim == "target" else [],
        "masks": ["sites"] if neurons else [],
        "criterion": ["criterion", *criterion_keys(method)],
        "allocation": [] if relief else ["allocation", *(["floor"] if neurons else [])],
        "schedule": ["schedule", *SCHEDULE_KEYS.get(method.schedule, [])],
        "trigger": ["end"] + (["sparsity"] if method.trigger == "settled" else []),
        "regrow": regrow + (["batch"] if method.regrow in ("gradient", "rigl") else []),
        "L1 on scales": ["scale_l1", "scale_l1_schedule"],
        "noise on living weights": ["live_noise", "scale_l1_schedule"],
    }


def criterion_keys(method: Method) -> list[str]:
    """Return the fields of `PruneConfig` that a criterion reads."""
    name = method.criterion
    keys = ["patience", "tau"] if name in BY_PATIENCE else []
    if name in BY_NORM and method.granularity == "neuron":
        keys.append("weight_norm")
    if name == "nn_relief":
        keys += ["alpha_conv", "alpha_fc", "position_norm"]
    return [*keys, "batch"] if name in ON_IMAGES or name == "nn_relief" else keys
