"""CLAIMS: what the papers say of dying neurons and pruning, and which of our comparisons tests it.

`says` restates a source; numbers read off a figure are marked with "about". `dnr` has the claims
of DNR-Pruning, NVP and their predecessors, `accuracy` those that their figures of accuracy make,
`demp` DemP's, `nn_relief` NN Relief's, `plasticity` those on learning one task after another,
`revival` those on dead units that come back, `theory` everybody else's.
"""

from nvp.analysis.reproduction.claims import (
    accuracy,
    demp,
    dnr,
    nn_relief,
    plasticity,
    revival,
    theory,
)

CLAIMS = (
    *dnr.CLAIMS,
    *accuracy.CLAIMS,
    *demp.CLAIMS,
    *nn_relief.CLAIMS,
    *plasticity.CLAIMS,
    *theory.CLAIMS,
    *revival.CLAIMS,
)
