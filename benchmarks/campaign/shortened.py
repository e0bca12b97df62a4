"""Paper presets at 30 epochs: `python -m benchmarks.campaign.shortened STUDY [flags of a study]`.

Everything else is as published; a number of steps shrinks by the same factor. neuron_sparsity has
its two ends that papers quote, 50 and 90 %.
"""

import sys
from dataclasses import replace

from benchmarks.reduced import study_of
from nvp.config.space import Grid, grid
from nvp.planning.design import Design
from nvp.study.study import Study, main

EPOCHS = 30
DESIGNS: dict[str, dict[str, tuple[float, ...]]] = {
    "sgd_noise": {},
    "learning_rate": {},
    "batch_size": {},
    "neuron_sparsity": {"prune.sparsity": (0.5, 0.9)},
}


def shorten(study: Study) -> Study:
    """Return a study whose `paper` takes 30 epochs."""
    paper = study.paper
    factor = EPOCHS / paper.base.epochs
    kept = DESIGNS[study.name]
    space = {
        path: cut(axis, kept[path]) if path in kept and isinstance(axis, Grid) else axis
        for path, axis in paper.space.items()
    }
    steps = space.get("steps")
    if isinstance(steps, Grid):
        space["steps"] = grid(*(round(value * factor) for value in steps.values))
    design: Design = replace(paper, base=replace(paper.base, epochs=EPOCHS), space=space, seeds=3)
    return replace(study, paper=design)


def cut(axis: Grid, values: tuple[float, ...]) -> Grid:
    """Return an axis of these values alone."""
    assert set(values) <= set(axis.values)
    return Grid(values, axis.when)


if __name__ == "__main__":
    if sys.argv[1:2] == [] or sys.argv[1] not in DESIGNS:
        sys.exit(f"expected one of {', '.join(DESIGNS)}, then flags of a study")
    main(shorten(study_of(sys.argv[1])), sys.argv[2:])
