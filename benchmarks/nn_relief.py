"""One pass of NN Relief over a ResNet-20 with 64 images: wall seconds on two threads."""

import sys
from time import perf_counter

import torch

from benchmarks.bar import bar, spread
from nvp.config.trial_config import ModelConfig
from nvp.models import build_model
from nvp.pruning.nn_relief.relief import run_nn_relief

ROUNDS = 7


def one_pass() -> float:
    """Return the seconds of a pass over a fresh network."""
    model = build_model(ModelConfig(name="resnet20"), (3, 32, 32), 10, seed=0)
    pixels = torch.randn(64, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    start = perf_counter()
    run_nn_relief(model, pixels, alpha_conv=0.95, alpha_fc=0.99)
    return perf_counter() - start


if __name__ == "__main__":
    torch.set_num_threads(2)
    one_pass()
    seconds = spread("NN Relief, ResNet-20, 64 images", [one_pass() for _ in range(ROUNDS)], "s")
    sys.exit(int(not bar("nn_relief.pass_s", seconds, "<=", 0.5)))
