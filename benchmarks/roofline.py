"""One training step of ResNet-18 against what the device could do, and where its time goes.

The bound is the larger of two times: all operations at the speed of a large matrix product, and the
least traffic at the speed of a large copy. The traffic counts each layer's output once written and
three times read (by the next layer, and twice by backward), its gradient the same, and parameters,
gradients and momentum once read and written. Caches may save some of it; the bound is no proof.
`--device cpu --small` runs the same on a tiny network.
"""

import sys
from collections.abc import Callable
from statistics import median

import torch
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.gpu import Stepper, machine, network, parse, timed
from benchmarks.telemetry import random_images
from nvp.training.build import set_up_process

LAYERS = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)
TOUCHES = 8  # of each output: written once and read three times, and its gradient


def main() -> int:
    arguments = parse(__doc__)
    device, small = arguments.device, arguments.small
    set_up_process(device)
    print(f"    {machine(device)}")
    config = network(small)
    images = random_images(64 if small else 12_800, (3, 32, 32)).to(device)
    eager = Stepper(config, images, graph=False)
    operations, traffic = count_operations(eager), count_traffic(eager)
    speed = 2 * (side := 256 if small else 8192) ** 3 / time_product(side, device)
    bandwidth = 2 * (size := 2**20 if small else 2**30) / time_copy(size, device)
    bound = max(operations / speed, traffic / bandwidth)
    print(f"    matrix product {speed / 1e12:.3g} TFLOP/s, copy {bandwidth / 1e9:.4g} GB/s")
    print(f"    a step: {operations / 1e9:.4g} GFLOP, at least {traffic / 1e9:.3g} GB")
    print(f"    its bound: {1e3 * operations / speed:.3g} ms of operations, "
          f"{1e3 * traffic / bandwidth:.3g} ms of traffic")  # fmt: skip
    steps = {"eager": eager}
    if device == "cuda":
        steps["graph"] = Stepper(config, images, graph=True)
    for name, step in steps.items():
        seconds = time_median(step, device, small=small)
        print(f"    {name}: {1e3 * seconds:.3g} ms a step, {seconds / bound:.3g} x its bound, "
              f"{operations / seconds / 1e12:.3g} TFLOP/s", flush=True)  # fmt: skip
    print(profile_steps(eager, device))
    return 0


def time_median(work: Callable[[], object], device: str, *, small: bool) -> float:
    """Return the median seconds of one call, over rounds, after a warm one."""
    each, rounds = (1, 2) if small else (20, 5)
    timed(work, each, device)
    return median(timed(work, each, device) for _ in range(rounds))


def time_product(side: int, device: str) -> float:
    """Return the seconds of a product of two bfloat16 matrices."""
    one, other = (torch.randn(side, side, device=device, dtype=torch.bfloat16) for _ in range(2))
    return time_median(lambda: one @ other, device, small=side < 1000)


def time_copy(size: int, device: str) -> float:
    """Return the seconds of a copy of so many bytes."""
    source = torch.empty(size, dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return time_median(lambda: target.copy_(source), device, small=size < 2**24)


def count_operations(step: Stepper) -> int:
    """Return the operations of a step's products and convolutions, forward and backward."""
    counter = FlopCounterMode(display=False)
    with counter:
        step()
    return counter.get_total_flops()


def count_traffic(step: Stepper) -> int:
    """Return the bytes that a step has to read and write at least."""
    written: list[int] = []

    def note(layer: nn.Module, args: object, output: Tensor) -> None:
        written.append(output.numel() * output.element_size())

    model = step.state.model
    handles = [m.register_forward_hook(note) for m in model.modules() if isinstance(m, LAYERS)]
    step()
    for handle in handles:
        handle.remove()
    parameters = sum(p.numel() * p.element_size() for p in model.parameters())
    return TOUCHES * sum(written) + 5 * parameters


def profile_steps(step: Stepper, device: str, count: int = 10) -> str:
    """Return the ten operations that take most time of some steps."""
    kinds = [ProfilerActivity.CPU]
    if device == "cuda":
        kinds.append(ProfilerActivity.CUDA)
    with profile(activities=kinds) as found:
        timed(step, count, device)
    key = "self_cuda_time_total" if device == "cuda" else "self_cpu_time_total"
    return found.key_averages().table(sort_by=key, row_limit=10, max_name_column_width=60)


if __name__ == "__main__":
    sys.exit(main())
