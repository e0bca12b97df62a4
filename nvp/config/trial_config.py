"""What a trial is: frozen dataclasses of plain JSON values.

Never change a default: old results would silently claim the new value, because a trial is named by
what differs from the defaults (`nvp.config.identity`).
"""

from dataclasses import dataclass
from typing import Any

from nvp.config.dotted_paths import find_open_path, list_open_paths, list_paths, replace_values
from nvp.config.extra import Extra
from nvp.config.fields import Settings, open_settings, section, setting
from nvp.config.registry import shorten_text, suggest_path
from nvp.config.sections.data import DataConfig as DataConfig
from nvp.config.sections.model import ModelConfig as ModelConfig
from nvp.config.sections.remedy import RemedyConfig as RemedyConfig


@dataclass(frozen=True, kw_only=True)
class OptimConfig(Settings):
    """How the weights move."""

    name: str = setting("sgd", "optimizer, a name in OPTIMIZERS")
    lr: float = setting(0.1, "peak learning rate", low=0)
    momentum: float = setting(0.9, "momentum of sgd; beta1 of adam and adamw", low=0, below=1)
    weight_decay: float = setting(0.0, "L2: coupled for sgd and adam, decoupled for adamw", low=0)
    l1: float = setting(0.0, "L1 on the weights of conv and linear layers", low=0)
    l1_scale: float = setting(0.0, "L1 on the scales of normalisation layers", low=0)
    schedule: str = setting("constant", "learning-rate schedule, a name in LR_SCHEDULES")
    milestones: tuple[float, ...] = setting(
        (0.5, 0.75), "multistep: drops, as fractions of training"
    )
    gamma: float = setting(0.1, "multistep: factor at each drop", above=0, high=1)
    clip_norm: float = setting(0.0, "clip the global gradient norm to this; 0 = do not", low=0)
    noise: float = setting(0.0, "standard deviation of the gradient noise; 0 = none", low=0)
    noise_kind: str = setting("relative", "what the deviation is relative to, a name in NOISES")
    restart: str = setting(
        "never",
        "where the schedule starts anew: never, it is of the whole run, or at each task",
        choices=("never", "task"),
    )
    reset: str = setting(
        "never", "where the moments are cleared: never, or at each task", choices=("never", "task")
    )
    extra: Extra = open_settings("a function of optim.name, optim.schedule or optim.noise_kind")


@dataclass(frozen=True, kw_only=True)
class PruneConfig(Settings):
    """A published method (a row of METHODS) and what may be overridden of it."""

    method: str = setting("none", "pruning method, a name in METHODS")
    sparsity: float = setting(0.5, "target fraction of prunable units masked", low=0, below=1)
    criterion: str = setting("", "a name in CRITERIA; '' = the method's")
    allocation: str = setting("", "a name in ALLOCATIONS; '' = the method's")
    schedule: str = setting("", "a name in SCHEDULES; '' = the method's")
    start: float = setting(0.05, "pruning starts at this fraction of training", low=0, high=1)
    end: float = setting(0.6, "the target is reached at this fraction of training", low=0, high=1)
    floor: float = setting(0.05, "fraction of a layer never masked (at least one)", low=0, below=1)
    weight_norm: str = setting("raw", "norm in nvi and magnitude", choices=("raw", "folded"))
    tau: float = setting(0.025, "dormancy at or below which a neuron is idle", low=0, below=1)
    patience: int = setting(3, "measuring points a neuron is idle before removal", low=1)
    sites: str = setting("all", "prunable units in residual nets", choices=("internal", "all"))
    batch: int = setting(256, "train images of criteria that need derivatives or maps", low=1)
    regrow: str = setting("", "what comes back, a name in REGROWTHS; '' = the method's")
    regrow_fraction: float = setting(0.3, "of what is dropped, regrown at first", low=0, high=1)
    regrow_end: float = setting(0.75, "nothing regrows after this fraction", low=0, high=1)
    scale_l1: float = setting(-1.0, "L1 on normalisation scales; -1 = the method's", low=-1)
    scale_l1_schedule: str = setting(
        "", "its course and the noise's; '' = the method's", choices=("", "constant", "one_cycle")
    )
    live_noise: float = setting(
        -1.0, "deviation of noise on living weights; -1 = the method's", low=-1
    )
    alpha_conv: float = setting(0.95, "nn_relief: signal to keep, convolutions", above=0, high=1)
    alpha_fc: float = setting(0.95, "nn_relief: signal to keep, linear layers", above=0, high=1)
    position_norm: str = setting(
        "frobenius", "nn_relief: sum over positions", choices=("frobenius", "l1")
    )
    rounds: int = setting(5, "nn_relief, apoz: prune-retrain rounds, start to end", low=1)
    shrink: str = setting(
        "never",
        "remove masked neurons physically: always, or auto: once the steps to come gain by it",
        choices=("never", "auto", "always"),
    )
    draws: str = setting(
        "dense",
        "noise of a shrunk network: drawn for the dense one, so that shrunk and masked runs are "
        "equal, or for what is present, which is faster",
        choices=("dense", "present"),
    )
    extra: Extra = open_settings("a function of prune.criterion, allocation, schedule or regrow")


@dataclass(frozen=True, kw_only=True)
class ProbeConfig(Settings):
    """Over what, and how often, vitality is measured."""

    size: int = setting(2048, "probe images: the first of train, at most so many", low=2)
    bins: int = setting(32, "histogram bins of the entropy", low=2)
    every: int = setting(1, "epochs between measuring points; the last epoch always is one", low=1)
    noise_scale: int = setting(
        0,
        "images of the large batch of the gradient-noise scale, the first of train; its small one "
        "is a 16th of it; 0 = not measured",
        low=0,
    )
    duplicates: float = setting(
        0.0,
        "correlation with an earlier neuron of the layer, over the probe, above which a neuron is "
        "a duplicate (usually 0.95); 0 = not measured",
        low=0,
        below=1,
    )
    gradients: int = setting(
        0,
        "images of the gradient dormancy of neurons (GraMa), the first of train; 0 = not measured",
        low=0,
    )
    weights: str = setting(
        "norms",
        "of incoming weights: norms, of each neuron; magnitude: also their mean |weight|, of each "
        "layer",
        choices=("norms", "magnitude"),
    )


@dataclass(frozen=True, kw_only=True)
class TrialConfig(Settings):
    """One training run, everything that its results depend on."""

    epochs: int = setting(30, "length in epochs, of each task", low=1)
    steps: int = setting(
        0, "length in steps, of each task, instead of epochs; 0 = use epochs", low=0
    )
    seed: int = setting(0, "replicate; the same seed in every cell, so that cells pair", low=0)
    revision: int = setting(0, "raised by a fix that changes results; 0 = the first", low=0)
    parent: str = setting(
        "", "trial whose end this one starts from, for the rest of its epochs; '' = from the start"
    )
    precision: str = setting(
        "float32",
        "in which the network computes, weights stay float32; auto: the fastest, measured once",
        choices=("float32", "bfloat16", "auto"),
    )
    layout: str = setting(
        "channels_first",
        "of images and feature maps in memory; auto: the fastest, measured once",
        choices=("channels_first", "channels_last", "auto"),
    )
    data: DataConfig = section(DataConfig, "images")
    model: ModelConfig = section(ModelConfig, "network")
    optim: OptimConfig = section(OptimConfig, "optimizer")
    prune: PruneConfig = section(PruneConfig, "pruning")
    remedy: RemedyConfig = section(RemedyConfig, "remedy")
    probe: ProbeConfig = section(ProbeConfig, "measuring")

    def with_overrides(self, flat: dict[str, Any]) -> "TrialConfig":
        """Return a copy with the dotted paths of `flat` set; text is coerced to the field's type.

        Raises:
            ValueError: unknown path, value of another type, or out of range.
        """
        valid = list_paths(type(self))
        for path in flat:
            if path not in valid and not find_open_path(type(self), path):
                hint = suggest_path(path, valid)
                if path in list_open_paths(type(self)):
                    hint = f": expected the path of one setting, {path}.NAME"
                raise ValueError(f"unknown configuration path {shorten_text(repr(path))}{hint}")
        return replace_values(self, flat)
