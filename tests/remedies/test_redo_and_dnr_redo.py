"""ReDo as published, beside the pruning method `dnr_redo`: one fresh start, of other neurons."""

import torch

from nvp.network.entries import find_moments
from nvp.network.train_state import TrainState
from nvp.remedies import REMEDIES, Treated
from nvp.remedies.neuron_reset import RESETS
from nvp.training.loop import train
from tests.remedies.treated import config_of, data, run

SETTING = {"epochs": 5, "model__width": 0.3, "optim__lr": 0.03, "optim__name": "sgd"}


def make_idle(state: TrainState, *neurons: int) -> None:
    """Make neurons of the second layer dead. Changes the state."""
    with torch.no_grad():
        state.model.hidden[1].affine.bias[list(neurons)] = -1000.0


def test_redo_resets_all_that_are_dormant_at_once_and_masks_none() -> None:
    config = config_of("redo", remedy__tau=0.0, remedy__every=1, **SETTING)
    _, state = run(config_of(**SETTING | {"epochs": 1}))
    make_idle(state, 1, 4, 7)
    state.remedy = {}
    REMEDIES["redo"].start(Treated(config, state, data().train)).after_step()
    assert {1, 4, 7} <= {*state.remedy["hidden.1" + RESETS].nonzero().flatten().tolist()}
    assert state.model.hidden[1].keep.all()
    assert not state.model.head.weight[:, [1, 4, 7]].any()
    assert (state.model.hidden[1].affine.bias[[1, 4, 7]].abs() < 1).all()


def test_dnr_redo_masks_them_and_brings_back_others_with_the_same_fresh_start() -> None:
    config = config_of(
        prune__method="dnr_redo", prune__patience=1, prune__tau=0.9, prune__regrow_fraction=1.0,
        prune__regrow_end=1.0, **SETTING | {"epochs": 6},
    )  # fmt: skip
    _, state = run(config_of(**SETTING | {"epochs": 1}))
    make_idle(state, 1, 4, 7)
    state.epoch = state.step = 0
    back: list[tuple[str, int]] = []
    for record in train(config, data(), state):
        if record.epoch == 1:
            assert not state.model.hidden[1].keep[[1, 4, 7]].any(), "masked, not reset"
        for path, layer in record.layers.items():
            assert layer.resets is None
            index = layer.events["reactivated"].nonzero().flatten()
            back += [(path, int(neuron)) for neuron in index]
            readers = {"hidden.0": state.model.hidden[1].affine, "hidden.1": state.model.head}
            own = state.model.get_submodule(path).affine
            assert not readers[path].weight[:, index].any(), "as a reset neuron: read by nobody"
            for moment in find_moments(own.weight, state.optimizer).values():
                assert not moment[index].any()
            assert (own.weight[index].abs() <= own.weight.shape[1] ** -0.5).all()
    assert back
