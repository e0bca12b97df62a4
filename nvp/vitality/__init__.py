"""Vitality: what the neurons of a network do, from one evaluation pass over the probe.

`observe` measures; every quantity is a pure function in a file of its own. To add one: write its
file, a column in `nvp.storage.schema`, and a line where the rows are made (`nvp.trial.rows`).
"""

from nvp.vitality.activity import Activity
from nvp.vitality.death import DEATHS, applicable, deaths, dormancy, headline
from nvp.vitality.noise_scale import gradient_noise_scale
from nvp.vitality.nvi import nvi, weight_norms
from nvp.vitality.observe import Observation, observe
from nvp.vitality.rank import Ranks, measure_ranks

__all__ = [
    "DEATHS",
    "Activity",
    "Observation",
    "Ranks",
    "applicable",
    "deaths",
    "dormancy",
    "gradient_noise_scale",
    "headline",
    "measure_ranks",
    "nvi",
    "observe",
    "weight_norms",
]
