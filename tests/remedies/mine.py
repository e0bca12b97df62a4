"""Remedies as a user writes them."""

import torch

from nvp.remedies import Acting, Treated


class Shake(Acting):
    """Adds noise to all weights after each step."""

    in_steps = True
    settings = ("batch",)

    def __init__(self, treated: Treated, *, amount: float = 0.1) -> None:
        self.treated, self.amount = treated, amount

    @torch.no_grad()
    def after_step(self) -> None:
        rng = torch.Generator().manual_seed(self.treated.state.step)
        for parameter in self.treated.state.model.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=rng), alpha=self.amount)


class AtTasks(Acting):
    """Does nothing, and needs tasks."""

    needs = ("border",)

    def __init__(self, treated: Treated) -> None:
        pass


class Wanting(AtTasks):
    """Needs what does not exist."""

    needs = ("luck",)


def nothing(treated: Treated) -> None:
    """Return no remedy."""


NUMBER = 3
