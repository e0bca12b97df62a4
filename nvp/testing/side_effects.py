"""What a part may not change while it looks: weights, gradients, modes, hooks, random numbers."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nvp.testing.law import expect


@contextmanager
def expect_no_side_effects(
    model: nn.Module | None = None, tensors: Mapping[str, Tensor] | None = None
) -> Iterator[None]:
    """Raise `BrokenLaw` when what runs within changes a model, a tensor or a random state.

    Args:
        model: whose weights, buffers, gradients, modes and hooks are to stay.
        tensors: {name: tensor} of others that are to stay.
    """
    watched = {**(model.state_dict() if model is not None else {}), **(tensors or {})}
    before = {name: value.detach().clone() for name, value in watched.items()}
    states, facts = random_states(), list_facts(model)
    yield
    now = {**(model.state_dict() if model is not None else {}), **(tensors or {})}
    moved = [name for name, value in before.items() if not same_values(value, now[name])]
    expect(not moved, "the same tensors as before", f"others in {', '.join(moved)}")
    drawn = [name for name, state in random_states().items() if state != states[name]]
    expect(
        not drawn,
        "to leave the global random state alone (draw from a generator of your own)",
        f"draws from {', '.join(drawn)}",
    )
    changed = [each for each in list_facts(model) ^ facts]
    expect(not changed, "the same modes, gradients and hooks", f"changes of {sorted(changed)}")


def random_states() -> dict[str, bytes]:
    """Return the states of the global generators of torch and NumPy.

    Python's own is left out: a checker of types draws from it at every call.
    """
    numpy: dict[str, Any] = dict(np.random.get_state(legacy=False))  # noqa: NPY002 - to compare
    inner = numpy.pop("state")
    return {
        "torch": bytes(torch.get_rng_state().numpy().tobytes()),
        "numpy": repr((inner["key"].tobytes(), inner["pos"], sorted(numpy.items()))).encode(),
    }


def list_facts(model: nn.Module | None) -> set[str]:
    """Return what is to stay of a model beside its tensors, one line each."""
    if model is None:
        return set()
    facts = set()
    for name, module in model.named_modules():
        count = len(module._forward_hooks) + len(module._forward_pre_hooks)
        facts.add(f"{name or 'the model'}: training={module.training}, {count} hooks")
    for name, parameter in model.named_parameters():
        graded = "a gradient" if parameter.grad is not None else "no gradient"
        facts.add(f"{name}: requires_grad={parameter.requires_grad}, {graded}")
    return facts


def same_values(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are equal; NaN equals NaN."""
    return one.shape == other.shape and bool(
        torch.equal(one, other) or torch.allclose(one, other, rtol=0, atol=0, equal_nan=True)
    )
