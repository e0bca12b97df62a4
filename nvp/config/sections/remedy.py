"""The section `remedy` of a trial's configuration."""

from dataclasses import dataclass

from nvp.config.extra import Extra
from nvp.config.fields import Settings, open_settings, setting


@dataclass(frozen=True, kw_only=True)
class RemedyConfig(Settings):
    """A remedy against the loss of plasticity, and the settings that it reads."""

    name: str = setting("none", "remedy against dying neurons, a name in REMEDIES")
    choice: str = setting(
        "rule",
        "which neurons redo, cbp and snr reset: by their rule, or as many of the same layer at "
        "random",
        choices=("rule", "random"),
    )
    every: int = setting(1000, "redo: steps between two checks", low=1)
    tau: float = setting(
        0.025, "redo: dormancy at or below which a neuron is reset; below 0 = none is", low=-1
    )
    batch: int = setting(256, "redo: train images that dormancy is measured over", low=1)
    rho: float = setting(
        1e-4, "cbp: fraction of a layer's mature neurons that is reset in a step", low=0, high=1
    )
    maturity: int = setting(100, "cbp: steps that a neuron is safe after its reset", low=0)
    decay: float = setting(0.99, "cbp: of the running mean of utility", low=0, below=1)
    rule: str = setting(
        "paper",
        "cbp: utility as the paper has it, or lop, as its published code has it by default",
        choices=("paper", "lop"),
    )
    percentile: float = setting(
        0.99, "snr: of a neuron's silences, which its limit follows", above=0, below=1
    )
    update: int = setting(1, "snr: epochs between two updates of the limits", low=1)
    silence: int = setting(500, "snr: steps of silence that are the limit at first", low=1)
    silence_max: int = setting(4000, "snr: the highest limit, in steps", low=1)
    shrink: float = setting(
        -1.0, "shrink_perturb: factor on all weights; -1 = the remedy's", low=-1, high=1
    )
    sigma: float = setting(
        -1.0, "shrink_perturb: deviation of the noise that is added; -1 = the remedy's", low=-1
    )
    moments: str = setting(
        "kept", "shrink_perturb: moments of the optimizer at a border", choices=("kept", "cleared")
    )
    strength: float = setting(
        0.01, "l2_init: factor on the squared distance to the initial weights", low=0
    )
    form: str = setting(
        "loss",
        "l2_init: a term of the loss, or decoupled: a pull beside the update",
        choices=("loss", "decoupled"),
    )
    weight_decay: float = setting(
        0.01, "ln_decay: decoupled decay of weights; scales, shifts and biases have none", low=0
    )
    extra: Extra = open_settings("remedy.name")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.name:  # "" and "none" are one trial, and so one name
            object.__setattr__(self, "name", "none")
