"""Vitality: how alive each neuron of a network is, from one evaluation pass over the probe.

    observe            one pass over the probe: the activity of every layer
    summary            from the reductions of every image to the activity of every neuron
    activity           the statistics of a layer's neurons
    death              the definitions of death, and which apply to which activation
    entropy            how variable a neuron's activation is over images
    nvi                the neural vitality index: entropy times weight norm
    rank               how many directions the features of a layer use
    noise_scale        the gradient-noise scale
    duplicates         neurons that say what an earlier one says: measured when asked for
    gradient_dormancy  neurons that learn little (GraMa): measured when asked for
    weight_magnitude   the mean |weight| of a layer: measured when asked for

To add a quantity: a pure function in a file of its own, a column in `nvp.storage.schema`, and a
line where the rows are made (`nvp.trial.rows`).
"""

from nvp.vitality.activity import Activity
from nvp.vitality.death import DEATHS, dormancy, headline_death, judge_deaths, list_definitions
from nvp.vitality.gradient_dormancy import GradientScores, is_inactive, measure_gradients
from nvp.vitality.noise_scale import gradient_noise_scale
from nvp.vitality.nvi import nvi, weight_norms
from nvp.vitality.observe import observe_images
from nvp.vitality.rank import Ranks, measure_ranks
from nvp.vitality.summary import Observation
from nvp.vitality.weight_magnitude import measure_magnitudes

__all__ = [
    "DEATHS",
    "Activity",
    "GradientScores",
    "Observation",
    "Ranks",
    "judge_deaths",
    "list_definitions",
    "dormancy",
    "gradient_noise_scale",
    "headline_death",
    "is_inactive",
    "measure_gradients",
    "measure_magnitudes",
    "measure_ranks",
    "nvi",
    "observe_images",
    "weight_norms",
]
