"""`precision=auto`, `layout=auto`: the fastest way to take a step, measured once on the driver.

The choice is kept beside study.json. It holds from then on for every cell with the same
architecture, images and kind of device. So no comparison of batch sizes or learning rates is also
a comparison of precisions.
"""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import replace

import torch

from nvp.config.trial_config import TrialConfig
from nvp.data import data_root, read_trial_facts
from nvp.data.own import name_set
from nvp.network.precision import PRECISIONS
from nvp.training.build import LAYOUTS, build_untrained, random_images, set_up_process
from nvp.training.timing import measure_medians, train_batch

ROUNDS = 3
CPU_IMAGES = 32  # of a batch: enough to compare (16 are not), seconds for a ResNet-18
MARGIN = 0.95  # of the default's time; less is noise
Choice = dict[str, str]
Keep = Callable[[dict[str, Choice]], None]
Measure = Callable[[TrialConfig, str], Choice]


class Chooser:
    """Replaces every `auto` of a configuration by the fastest choice on a kind of device."""

    def __init__(
        self,
        device: str,
        known: dict[str, Choice],
        keep: Keep | None = None,
        measure: Measure | None = None,
    ) -> None:
        """Make one.

        Args:
            device: "cpu" or "cuda", where the trials will run.
            known: {key (`make_key`): choice} of earlier starts; what is measured is added.
            keep: called with all of `known` when one is added.
            measure: returns a choice, as `measure_fastest` does here.

        `used` has those of `known` that a configuration needed.
        """
        self.device, self.known, self.keep = device, known, keep
        self.measure = measure or measure_fastest
        self.used: dict[str, Choice] = {}

    def __call__(self, config: TrialConfig) -> TrialConfig:
        """Return the configuration without `auto`.

        Raises:
            ValueError: when it has to be measured on a GPU and there is none here.
        """
        fields = {"precision": config.precision, "layout": config.layout}
        if "auto" not in fields.values():
            return config
        name = make_key(config, self.device)
        if name not in self.known:
            self.known[name] = self.measure(config, self.device)
            if self.keep:
                self.keep(self.known)
        self.used[name] = self.known[name]
        return replace(config, **self.known[name])


def make_key(config: TrialConfig, device: str) -> str:
    """Return the key of a choice: architecture, images, device, and the fields that are `auto`."""
    model = config.model
    parts = (name_set(config.data), model.name, model.width, model.norm, device)
    own = [repr(model.extra)] if model.extra else []
    own += [f"depth {model.depth}"] if model.depth else []
    return json.dumps([*parts, config.precision, config.layout, *own])


def measure_fastest(config: TrialConfig, device: str) -> Choice:
    """Return the precision and layout with the least median time of a step.

    Where both are open, the first candidate is float32 and channels first; only a gain of 5 %
    is reason to take another one.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "precision, layout: expected a GPU here to measure what is fastest, got none; say "
            "precision=bfloat16 and layout=channels_last, or run the driver on a machine with one"
        )
    open_ones = [
        {"precision": precision, "layout": layout}
        for precision, layout in itertools.product(PRECISIONS, LAYOUTS)
        if config.precision in (precision, "auto") and config.layout in (layout, "auto")
    ]
    seconds = measure_steps([replace(config, **choice) for choice in open_ones], device)
    best = min(range(len(open_ones)), key=lambda i: seconds[i])
    return open_ones[best if seconds[best] < MARGIN * seconds[0] else 0]


def measure_steps(configs: list[TrialConfig], device: str) -> list[float]:
    """Return the median seconds of a training step of each, timed by turns after a warm-up."""
    set_up_process(device)
    steps = [make_timed_step(config, device) for config in configs]
    for step in steps:
        step()  # the warm-up, which also allocates memory
    return measure_medians(steps, ROUNDS)


def make_timed_step(config: TrialConfig, device: str) -> Callable[[], float]:
    """Return a function that takes one step on noise and returns its seconds."""
    facts = read_trial_facts(config.data, data_root())
    count = config.data.batch_size if device == "cuda" else min(config.data.batch_size, CPU_IMAGES)
    data = random_images(facts, max(count, 2)).to(device)
    state = build_untrained(config, data, device)
    pixels = data.train.first(count).pixels.to(torch.float32) / 255

    def timed() -> float:
        start = read_clock(device)
        train_batch(state, pixels, data.train.labels[:count], config.precision)
        return read_clock(device) - start

    return timed


def read_clock(device: str) -> float:
    """Return seconds: CPU time of this process, or wall time once a GPU has finished its work."""
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()
