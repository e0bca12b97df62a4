"""Measures that are made only where the trial asks for them: gradients and sizes of weights."""

from nvp.config.trial_config import TrialConfig
from nvp.data.splits import Splits
from nvp.network.train_state import TrainState
from nvp.training.record import LayerRecord
from nvp.vitality import measure_gradients, measure_magnitudes


def complete_records(
    config: TrialConfig, data: Splits, state: TrainState, records: dict[str, LayerRecord]
) -> None:
    """Measure what the trial asks for beyond the rest, before pruning. Changes the records.

    Args:
        config: of the trial.
        data: of the task that it is in.
        state: as it was observed.
        records: of this measuring point, by path; those of heads stay as they are.
    """
    if config.probe.gradients:
        found = measure_gradients(state.model, data.probe(config.probe.gradients))
        for path, gradients in found.items():
            records[path].gradients = gradients
    if config.probe.weights == "magnitude":
        for path, magnitude in measure_magnitudes(state.model).items():
            records[path].weight_magnitude = magnitude
