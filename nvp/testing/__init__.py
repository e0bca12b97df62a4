"""The laws of a part, as tests that a user's own part passes in two lines.

A class `TestMine(ModelSuite)` with `name = "mylab.nets:wide_mlp"` is one test for each law.
Without pytest, `ModelSuite.check("mylab.nets:wide_mlp")` tries all laws. The parts of nvp keep the
same ones.

    law                     BrokenLaw, and Suite: the laws of one part as tests
    model_suite             ModelSuite
    model_case              a model in one configuration, and what laws do with it
    model_laws              logits, initial weights, the order of layers, `reads`, watching
    masking_laws            masked units are silent, and their weights stay 0
    removal_laws            what is left after a removal computes and learns as it did with masks
    criterion_suite         CriterionSuite, WeightCriterionSuite
    criterion_case          a criterion, and a network at several measuring points
    neuron_criterion_laws   shapes, permutations, masks, and what is to score lowest
    weight_criterion_laws   the same of scores of single weights
    method_suite            MethodSuite: one small trial, and what its rows say
    data_suite              DataSuite
    data_laws               facts, labels, batches, normalisation, splits without overlap
    activation_suite        ActivationSuite
    optimizer_suite         OptimizerSuite
    schedule_suite          ScheduleSuite: of learning rates
    figure_suite            FigureSuite: of figures of a study
    side_effects            what a part may not change while it looks
    tiny                    a network small enough for slow references

docs/extending.md shows each in use.
"""

from nvp.testing.activation_suite import ActivationSuite
from nvp.testing.criterion_suite import CriterionSuite, WeightCriterionSuite
from nvp.testing.data_suite import DataSuite
from nvp.testing.figure_suite import FigureSuite
from nvp.testing.law import BrokenLaw
from nvp.testing.method_suite import MethodSuite
from nvp.testing.model_suite import ModelSuite
from nvp.testing.optimizer_suite import OptimizerSuite
from nvp.testing.schedule_suite import ScheduleSuite

__all__ = [
    "ActivationSuite",
    "BrokenLaw",
    "CriterionSuite",
    "DataSuite",
    "FigureSuite",
    "MethodSuite",
    "ModelSuite",
    "OptimizerSuite",
    "ScheduleSuite",
    "WeightCriterionSuite",
]
