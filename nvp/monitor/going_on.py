"""What a trial goes on with: the probe and the layers that it was observed with before."""

from typing import Any

from torch import nn

from nvp.monitor.entry import Entry
from nvp.monitor.probe import Probe
from nvp.monitor.recording import Recording
from nvp.network.groups import neuron_layers


def check_probe_goes_on(recording: Recording, probe: Probe) -> None:
    """Raise ValueError where a trial was observed over another probe."""
    latest = recording.latest
    if latest is not None and latest.diary["probe"] != probe.hash:
        raise ValueError(
            f"probe: expected the {latest.last['probe_size']} examples that the trial "
            f"{recording.trial_id} was observed over until epoch {latest.epoch}, got "
            "others; give the same ones, or begin again from its first epoch"
        )


def check_layers_go_on(recording: Recording, network: nn.Module) -> None:
    """Raise ValueError where a trial was observed with another network."""
    latest = recording.latest
    if latest is not None and not has_layers_of(latest, network):
        old, new = list_widths(latest, network)
        path = next(path for path in [*old, *new] if old.get(path) != new.get(path))
        expected, got = (
            f"{widths[path]} neurons in {path}" if path in widths else f"no layer {path}"
            for widths in (old, new)
        )
        raise ValueError(
            f"network: expected the layers that the trial {recording.trial_id} had until epoch "
            f"{latest.epoch}, {expected}, got {got}; another network is another trial: add a key "
            "to config, or begin again from its first epoch"
        )


def has_layers_of(latest: Entry, network: nn.Module) -> bool:
    """Whether a network has the layers that were observed, as they were before any removal."""
    old, new = list_widths(latest, network)
    return old == new


def list_widths(latest: Entry, network: nn.Module) -> tuple[dict[str, int], dict[str, int]]:
    """Return {layer: dense neurons} of what was observed, and of a network."""
    old = {path: len(kept) for path, kept in latest.marks.kept.items()}
    return old, {path: layer.dense for path, layer in neuron_layers(network).items()}


def check_nothing_late(status: str, values: dict[str, Any]) -> None:
    """Raise ValueError where a trial that is done would drop what its loop measured."""
    late = [name for name, value in values.items() if value is not None]
    if late and status == "done":
        raise ValueError(f"finish: expected {' and '.join(late)} at the first call of it")
