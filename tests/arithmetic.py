"""Whether this machine rounds as the one that made the golden tables did."""

import hashlib
import subprocess
import sys
from functools import cache

import torch
import torch.nn.functional as F
from torch import nn


def fingerprint() -> str:
    """Return a hash of a few training steps of a plain torch network, without a line of nvp.

    CPU types differ in the last bits of convolutions and of matrix products, and training makes
    large differences of them. Where this hash is the stored one, tables are compared bit by bit.
    """
    torch.manual_seed(0)
    layers = [nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    layers += [nn.MaxPool2d(2), nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)]
    model = nn.Sequential(*layers, nn.ReLU(), nn.Flatten(), nn.Linear(256, 32), nn.Linear(32, 10))
    moments = [torch.zeros_like(p) for p in model.parameters()]
    for _ in range(8):  # of SGD, by hand: torch's own takes seconds to import
        loss = F.cross_entropy(model(torch.randn(32, 1, 8, 8)), torch.randint(0, 10, (32,)))
        model.zero_grad()
        loss.backward()
        with torch.no_grad():
            for p, moment in zip(model.parameters(), moments, strict=True):
                p.sub_(moment.mul_(0.9).add_(p.grad), alpha=0.1)
    values = torch.cat([p.detach().flatten() for p in model.parameters()])
    return hashlib.sha256(values.numpy().tobytes()).hexdigest()[:16]


@cache
def corrupts_memory() -> bool:
    """Whether this torch, without nvp, corrupts memory in a strided 1x1 convolution.

    Seen with torch 2.14.1 on an x86 CPU with AVX-512 and one thread: the backward pass of few
    channels that lie in channels last ends the process. A test that needs such a
    convolution cannot run there.
    """
    script = """
import torch
torch.set_num_threads(1)
for c in (2, 4):
    images = torch.empty_strided((16, c, 8, 8), (64 * c, 1, 8 * c, c)).normal_().requires_grad_()
    weight = torch.empty_strided((2 * c, c, 1, 1), (c, 1, c, c)).normal_().requires_grad_()
    for _ in range(20):
        torch.nn.functional.conv2d(images, weight, stride=2).square().sum().backward()
"""
    return subprocess.run([sys.executable, "-c", script], capture_output=True).returncode != 0
