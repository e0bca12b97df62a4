"""One GPU: data path, step, graph and telemetry.

`python -m benchmarks.gpu` needs neither Ray nor data: images are noise in the shape of CIFAR-10.
ResNet-18 in batches of 128; times are of the clock after the GPU has finished, medians of rounds in
turn. The reference is the published loop (torchvision's network, float32, DataLoader with 8
workers, loss.item() at every step). `--device cpu --small` runs the same on a tiny network.
benchmarks/gpu_packing.py has trials per hour, benchmarks/roofline.py what a step could reach.
"""

import argparse
import platform
import sys
from collections.abc import Callable

import torch

from benchmarks.bar import SHORT, bar, spread
from benchmarks.packing import resnet
from benchmarks.step import Reference
from benchmarks.telemetry import random_images
from nvp.config.trial_config import TrialConfig
from nvp.data.batches import train_batches
from nvp.data.splits import Images, Splits
from nvp.planning.cost.fastest_precision import read_clock
from nvp.training.build import build, set_up_process
from nvp.training.cuda_graph import EAGER_STEPS, GraphedStep
from nvp.training.step import Step
from nvp.vitality import observe_images


def main() -> int:
    arguments = parse(__doc__)
    set_up_process(arguments.device)
    print(f"    {machine(arguments.device)}")
    images = random_images(64 if arguments.small else 45_000, (3, 32, 32)).to(arguments.device)
    holds = [*step_bars(images, arguments), telemetry_bar(images, arguments)]
    return 0 if all(holds) else SHORT


def parse(about: str | None) -> argparse.Namespace:
    """Read the command line that every benchmark of a GPU has."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--device", default="cuda", choices=("cuda", "cpu"))
    parser.add_argument("--small", action="store_true", help="a tiny network and few images")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        parser.error("--device: expected a GPU, found none; --device cpu --small tries the code")
    return arguments


def network(small: bool, **changes: object) -> TrialConfig:
    """Return the configuration that is measured; a small one takes milliseconds on a CPU."""
    if not small:
        return resnet(small, **changes)
    # channels first: few channels that lie last crash torch 2.14.1 on a CPU (tests/arithmetic.py)
    tiny = {"model.width": 0.0625, "data.batch_size": 8, "probe.size": 32}
    return resnet(small, **(tiny | {"layout": "channels_first"} | changes))


def machine(device: str) -> str:
    """Return what this ran on."""
    name = torch.cuda.get_device_name(0) if device == "cuda" else platform.processor() or "cpu"
    return f"{name}, torch {torch.__version__}, python {platform.python_version()}"


class Stepper:
    """Takes one step of a trial at a call, over and over the same epoch."""

    def __init__(self, config: TrialConfig, images: Images, *, graph: bool) -> None:
        self.config, self.images = config, images
        self.state = build(config, Splits(images, images, images, 10), images.device.type)
        self.state.model.train()
        step = Step(config, self.state, 1, images.device)
        self.run = GraphedStep(step, torch.cuda.Stream()) if graph else step
        self.batches = iter(())

    def __call__(self) -> None:
        batch = next(self.batches, None)
        if batch is None:
            self.batches = train_batches(self.images, self.config.data, seed=0, epoch=1)
            batch = next(self.batches)
        self.run(*batch, 0.0)


def step_bars(images: Images, arguments: argparse.Namespace) -> list[bool]:
    """Time steps in turn; compare the weights that a graph and eager steps give."""
    cuda = arguments.device == "cuda"
    low = network(arguments.small)
    steps: dict[str, Callable[[], None]] = {
        "float32": Stepper(
            network(arguments.small, precision="float32", layout="channels_first"),
            images,
            graph=False,
        ),
        "bfloat16": Stepper(low, images, graph=False),
    }
    if cuda:
        steps["bfloat16 graph"] = Stepper(low, images, graph=True)
        steps["reference"] = Reference(images.to("cpu"), device="cuda", workers=8)
    elif not arguments.small:
        steps["reference"] = Reference(images)
    rounds, each = (7, 20) if cuda else (2, 2)
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    for warm in range(rounds + 1):
        for name, step in steps.items():
            took = timed(step, each, arguments.device)
            seconds[name] += [took] if warm else []
    median = {name: spread(f"{name}, a step", v, "s") for name, v in seconds.items()}
    batches = train_batches(images, low.data, seed=0, epoch=1)
    data = timed(lambda: next(batches), each, arguments.device)
    best = median.get("bfloat16 graph", median["bfloat16"])
    holds = [bar("gpu.data_share_of_step", data / best, "<=", 0.03)] if cuda else []
    if cuda:
        differing = differing_weights(low, images)
        holds.append(bar("gpu.graph_differing_weights", differing, "<=", 0))
        holds.append(bar("gpu.step_speedup", median["reference"] / best, ">=", 1.8))
        holds.append(bar("gpu.graph_speedup", median["bfloat16"] / best, ">=", 1))
    return holds


def timed(work, count: int, device: str) -> float:
    """Return the seconds of one of `count` calls."""
    start = read_clock(device)
    for _ in range(count):
        work()
    return (read_clock(device) - start) / count


def differing_weights(config: TrialConfig, images: Images) -> int:
    """Return how many weights differ after as many steps with a graph as without."""
    eager, graph = (Stepper(config, images, graph=on) for on in (False, True))
    for _ in range(5 * EAGER_STEPS):
        eager()
        graph()
    pairs = zip(eager.state.model.parameters(), graph.state.model.parameters(), strict=True)
    return sum(int((a != b).sum()) for a, b in pairs)


def telemetry_bar(images: Images, arguments: argparse.Namespace) -> bool:
    """Compare a probe pass with an epoch of steps."""
    config = network(arguments.small)
    stepper = Stepper(config, images, graph=arguments.device == "cuda")
    each = 2 * EAGER_STEPS
    timed(stepper, each, arguments.device)
    epoch = timed(stepper, each, arguments.device) * (len(images) // config.data.batch_size)
    probe = images.first(2048)

    def look() -> None:
        observe_images(stepper.state.model, probe, bins=32, precision=config.precision)

    look()
    share = spread(
        "probe pass over an epoch", [timed(look, 1, arguments.device) / epoch for _ in range(5)], ""
    )
    return arguments.small or bar("gpu.probe_pass_share", share, "<=", 0.02)


if __name__ == "__main__":
    sys.exit(main())
