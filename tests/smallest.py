"""The smallest trial: one epoch of one batch. It is for what happens around the training."""

from nvp.config.trial_config import TrialConfig

SMALLEST = TrialConfig().with_overrides(
    {
        "epochs": 1,
        "data.images": 64,
        "data.batch_size": 64,
        "model.name": "mlp",
        "model.width": 0.05,
        "probe.size": 64,
    }
)
