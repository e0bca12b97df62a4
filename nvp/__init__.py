"""nvp: which hyperparameters kill neurons, and what does pruning them while training buy?

A user's file imports from here alone. Nothing is loaded before it is used: `import nvp` imports
neither torch nor ray.

    Study, main, Design                    a study and its command line
    run                                    a study called from Python or a notebook
    grid, uniform, log_uniform, integers   the axes of a design
    TrialConfig, DataConfig, ModelConfig, OptimConfig, PruneConfig, RemedyConfig, ProbeConfig
                                           what a trial is
    Question, Contrast, Margin, End, margins
                                           what a study asks, and the comparisons that answer it
    compare_deaths, compare_deaths_in_all, compare_cost, compare_deaths_and_cost, compare_methods
                                           comparisons that many studies make
    METHODS, REMEDIES                      the pruning methods, the remedies
    adopt                                  make any torch module a network that nvp sees
    NeuronLayer, make_linear, make_conv, DataSet, Images, Splits, Method, Evidence, Acting
                                           what a model, a data set, a method, a criterion and a
                                           remedy of one's own are made of
    observe, prune, shrink, export         watch, prune, shrink and export a network
    Monitor                                a loop of one's own writes the same tables
    load, draw, answer                     a study's tables as frames; its figures; its answer
    Drawing, NothingToDraw                 what a figure of one's own answers with

The laws that parts of one's own keep are in the package `nvp.testing`, which is imported by name.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nvp.analysis.answers.answer import answer
    from nvp.analysis.frames.load import load
    from nvp.analysis.plots.figures import draw
    from nvp.analysis.selection.drawing import Drawing, NothingToDraw
    from nvp.config.space import grid, integers, log_uniform, uniform
    from nvp.config.trial_config import (
        DataConfig,
        ModelConfig,
        OptimConfig,
        ProbeConfig,
        PruneConfig,
        RemedyConfig,
        TrialConfig,
    )
    from nvp.data.data_set import DataSet
    from nvp.data.splits import Images, Splits
    from nvp.interactive.run import run
    from nvp.models.layers import make_conv, make_linear
    from nvp.monitor.monitor import Monitor
    from nvp.network.adopted.adopt import adopt
    from nvp.network.neuron_layer import NeuronLayer
    from nvp.pieces.observe import observe
    from nvp.pieces.prune import prune
    from nvp.pieces.shrink import shrink
    from nvp.planning.design import Design
    from nvp.pruning.evidence import Evidence
    from nvp.pruning.methods import METHODS
    from nvp.pruning.methods.method import Method
    from nvp.question import margins
    from nvp.question.contrasts import (
        compare_cost,
        compare_deaths,
        compare_deaths_and_cost,
        compare_deaths_in_all,
        compare_methods,
    )
    from nvp.question.question import Contrast, End, Margin, Question
    from nvp.remedies import REMEDIES, Acting
    from nvp.study.study import Study, main
    from nvp.trial.export import export

HOMES = {
    "adopt": "nvp.network.adopted.adopt",
    "METHODS": "nvp.pruning.methods",
    "answer": "nvp.analysis.answers.answer",
    "draw": "nvp.analysis.plots.figures",
    "DataConfig": "nvp.config.trial_config",
    "DataSet": "nvp.data.data_set",
    "Design": "nvp.planning.design",
    "Drawing": "nvp.analysis.selection.drawing",
    "NothingToDraw": "nvp.analysis.selection.drawing",
    "Monitor": "nvp.monitor.monitor",
    "Evidence": "nvp.pruning.evidence",
    "Images": "nvp.data.splits",
    "Method": "nvp.pruning.methods.method",
    "ModelConfig": "nvp.config.trial_config",
    "NeuronLayer": "nvp.network.neuron_layer",
    "OptimConfig": "nvp.config.trial_config",
    "ProbeConfig": "nvp.config.trial_config",
    "PruneConfig": "nvp.config.trial_config",
    "RemedyConfig": "nvp.config.trial_config",
    "REMEDIES": "nvp.remedies",
    "Acting": "nvp.remedies",
    "Splits": "nvp.data.splits",
    "Study": "nvp.study.study",
    "TrialConfig": "nvp.config.trial_config",
    "export": "nvp.trial.export",
    "grid": "nvp.config.space",
    "integers": "nvp.config.space",
    "load": "nvp.analysis.frames.load",
    "log_uniform": "nvp.config.space",
    "main": "nvp.study.study",
    "observe": "nvp.pieces.observe",
    "prune": "nvp.pieces.prune",
    "shrink": "nvp.pieces.shrink",
    "run": "nvp.interactive.run",
    "make_conv": "nvp.models.layers",
    "make_linear": "nvp.models.layers",
    "uniform": "nvp.config.space",
    "Contrast": "nvp.question.question",
    "End": "nvp.question.question",
    "Margin": "nvp.question.question",
    "Question": "nvp.question.question",
    "margins": "nvp.question",
    "compare_cost": "nvp.question.contrasts",
    "compare_deaths": "nvp.question.contrasts",
    "compare_deaths_and_cost": "nvp.question.contrasts",
    "compare_deaths_in_all": "nvp.question.contrasts",
    "compare_methods": "nvp.question.contrasts",
}
__all__ = [
    "adopt",
    "METHODS",
    "answer",
    "draw",
    "DataConfig",
    "DataSet",
    "Design",
    "Drawing",
    "NothingToDraw",
    "Evidence",
    "Images",
    "Method",
    "ModelConfig",
    "Monitor",
    "NeuronLayer",
    "OptimConfig",
    "ProbeConfig",
    "PruneConfig",
    "RemedyConfig",
    "REMEDIES",
    "Acting",
    "Splits",
    "Study",
    "TrialConfig",
    "export",
    "grid",
    "integers",
    "load",
    "log_uniform",
    "main",
    "make_conv",
    "make_linear",
    "observe",
    "prune",
    "run",
    "shrink",
    "uniform",
    "Contrast",
    "End",
    "Margin",
    "Question",
    "margins",
    "compare_cost",
    "compare_deaths",
    "compare_deaths_and_cost",
    "compare_deaths_in_all",
    "compare_methods",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used."""
    if name not in HOMES:
        raise AttributeError(f"module 'nvp' has no attribute {name!r}")
    return getattr(import_module(HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
