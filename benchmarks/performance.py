"""The figures of docs/performance.md: `python -m benchmarks.performance`, about five minutes.

What removal gains beside what it saves in FLOPs, what a step costs in each precision and layout,
and what stacking trials would gain: docs/figures/performance_*.png with the CSV behind each.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median

import pandas as pd
from matplotlib.axes import Axes

from benchmarks import shrink, stacked
from benchmarks.step import CONFIG, Ours, Reference
from benchmarks.telemetry import random_images, timed
from nvp.analysis import style
from nvp.config.trial_config import ModelConfig
from nvp.training.build import set_up_process

FOLDER = Path(__file__).parent.parent / "docs" / "figures"
IMAGES: tuple[int, int, int] = (3, 32, 32)
NETWORKS = {
    "ResNet-18, all groups": (ModelConfig(name="resnet18"), IMAGES, 16, "all"),
    "ResNet-18, internal only": (ModelConfig(name="resnet18"), IMAGES, 16, "internal"),
    "VGG-16": (ModelConfig(name="vgg16"), IMAGES, 16, "all"),
    "LeNet-300-100": (ModelConfig(name="lenet300", norm="none"), (1, 28, 28), 64, "all"),
}


def removal() -> pd.DataFrame:
    """Measure dense over shrunk, and over masked, at three sparsities."""
    rows = []
    for name, (model, shape, batch, sites) in NETWORKS.items():
        for share in (0.5, 0.8, 0.9):
            states = shrink.networks(model, shape, sites, share)
            times = shrink.in_turn(states, batch, shape, rounds=3)
            gains = {kind: median(shrink.ratios(times, kind)) for kind in ("shrunk", "masked")}
            flops = shrink.flops_ratio(states, shape)
            rows.append({"network": name, "sparsity": share, "flops": flops, **gains})
    return pd.DataFrame(rows)


def draw_removal(frame: pd.DataFrame, ax: Axes) -> None:
    """Draw the gain of removal against sparsity; dashed, what the FLOPs promise."""
    for network, part in frame.groupby("network", sort=False):
        (line,) = ax.plot(part["sparsity"], part["shrunk"], marker="o", label=network)
        ax.plot(part["sparsity"], part["flops"], color=line.get_color(), ls="--", lw=1)
    ax.axhline(1, color="0.6", lw=1)
    ax.set(
        yscale="log",
        xticks=[0.5, 0.8, 0.9],
        yticks=[1, 2, 5, 10, 20, 50, 100],
        xlabel="sparsity of every group",
        ylabel="training step, dense / shrunk",
    )
    ax.minorticks_off()
    ax.set_yticklabels(["1", "2", "5", "10", "20", "50", "100"])
    ax.legend(title="dashed: FLOPs dense / left", fontsize=7, title_fontsize=7)


def steps() -> pd.DataFrame:
    """Measure a ResNet-18 step at batch 128 in each precision and layout."""
    images = random_images(5 * 128, IMAGES)
    runs: dict[str, Callable[[], None]] = {"reference loop": Reference(images)}
    for precision in ("float32", "bfloat16"):
        for layout in ("channels_first", "channels_last"):
            config = CONFIG.with_overrides({"precision": precision, "layout": layout})
            runs[f"{precision},\n{layout}"] = Ours(config, images)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for warm in range(4):
        for name, run in runs.items():
            took = timed(run)
            seconds[name] += [took] if warm else []
    return pd.DataFrame([{"step": k, "seconds": median(v)} for k, v in seconds.items()])


def draw_steps(frame: pd.DataFrame, ax: Axes) -> None:
    """Draw the seconds of a step of each kind."""
    bars = ax.barh(frame["step"], frame["seconds"], height=0.6)
    ax.bar_label(bars, fmt=" %.2f s", fontsize=7)
    ax.invert_yaxis()
    ax.set(xlabel="CPU seconds of a ResNet-18 step, batch 128", ylabel="")
    ax.margins(x=0.15)


def stacks() -> pd.DataFrame:
    """Measure one batched model against as many networks one after another."""
    rows = [
        {
            "case": f"{name}, batch {batch}",
            "trials": count,
            "speedup": stacked.speedup(name, side, batch, count, "cpu"),
        }
        for name, side, batch in stacked.CASES
        for count in stacked.COUNTS
    ]
    return pd.DataFrame(rows)


def draw_stacks(frame: pd.DataFrame, ax: Axes) -> None:
    """Draw the gain of stacking against the number of trials."""
    for case, part in frame.groupby("case", sort=False):
        ax.plot(part["trials"], part["speedup"], marker="o", label=case)
    ax.axhline(1, color="0.6", lw=1)
    ax.set(
        xscale="log",
        xticks=stacked.COUNTS,
        xlabel="trials in one batched model",
        ylabel="one after another / stacked",
        ylim=(0, None),
    )
    ax.set_xticklabels([str(count) for count in stacked.COUNTS])
    ax.minorticks_off()
    ax.legend(fontsize=7)


FIGURES = {
    "removal": (removal, draw_removal),
    "steps": (steps, draw_steps),
    "stacked": (stacks, draw_stacks),
}


def main() -> None:
    set_up_process("cpu")
    for name, (measure, draw) in FIGURES.items():
        frame = measure()
        frame.to_csv(FOLDER / f"performance_{name}.csv", index=False, float_format="%.4g")
        print(frame.to_string(), flush=True)
        with style.paper_style():
            figure = style.new_figure(5.0, 3.3)
            draw(frame, figure.subplots())
            figure.savefig(FOLDER / f"performance_{name}.png", dpi=150)


if __name__ == "__main__":
    main()
