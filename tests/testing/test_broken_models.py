"""Each law of a model can be broken, and says what was expected and what came."""

import pytest
import torch

from nvp.config.trial_config import ModelConfig
from nvp.testing import BrokenLaw, ModelSuite, masking_laws, model_laws, removal_laws
from nvp.testing.law import Law, as_test
from nvp.testing.model_case import ModelCase
from tests.testing import broken_models as broken

torch.set_num_threads(1)

BROKEN: list[tuple[type[broken.Right], Law, str]] = [
    (
        broken.OneLogitMore,
        model_laws.one_finite_logit_a_class_for_every_image,
        r"expected logits of shape \(4, 3\), got \(4, 4\)",
    ),
    (
        broken.NotFinite,
        model_laws.one_finite_logit_a_class_for_every_image,
        "expected finite logits, got 12 of 12 that are not",
    ),
    (
        broken.OfNoSeed,
        model_laws.the_initial_weights_are_of_the_seed_alone,
        r"the same weights for the same seed, got others in second\.affine\.weight",
    ),
    (
        broken.OfOneSeed,
        model_laws.the_initial_weights_are_of_the_seed_alone,
        r"other weights for another seed, got the same in second\.affine\.weight",
    ),
    (
        broken.MovesTheRandomState,
        model_laws.the_initial_weights_are_of_the_seed_alone,
        "torch's random state to be left as it was, got another one",
    ),
    (
        broken.OtherOrder,
        model_laws.its_layers_are_found_in_the_order_of_the_forward_pass,
        r"expected calls .* \['second', 'first'\], got \['first', 'second'\]",
    ),
    (
        broken.WithoutNeurons,
        model_laws.its_layers_are_found_in_the_order_of_the_forward_pass,
        "expected layers of neurons .*, got none",
    ),
    (
        broken.ReadsAnother,
        model_laws.reads_names_who_reads_whom,
        r"model\.reads\['head'\]: expected 'second', got 'first'",
    ),
    (
        broken.ReadsByATypo,
        model_laws.reads_names_who_reads_whom,
        r"model\.reads\['second'\]: .*got 'frist' \(did you mean 'first'\?\)",
    ),
    (
        broken.CountsPasses,
        model_laws.observing_leaves_it_as_it_was,
        "the same tensors as before, got others in passes",
    ),
    (
        broken.DrawsInEvaluation,
        model_laws.observing_leaves_it_as_it_was,
        "leave the global random state alone .*, got draws from torch",
    ),
    (
        broken.LeaksBehindItsMask,
        masking_laws.masked_units_are_exactly_silent,
        r"0 of every masked unit of second \(training=True\), got up to 1",
    ),
    (
        broken.Sigmoid,
        masking_laws.masked_units_are_exactly_silent,
        r"0 of every masked unit of second \(training=True\), got up to 0\.5",
    ),
    (
        broken.TiedWeights,
        masking_laws.zeroing_what_touches_a_masked_unit_changes_no_output,
        r"the same logits with .* at 0 \(training=True\), got logits that differ by up to",
    ),
    (
        broken.TiedWeights,
        masking_laws.nan_in_a_masked_unit_passes_nowhere,
        "the same logits with NaN in masked units, got 18 that differ",
    ),
    (
        broken.HidesNan,
        masking_laws.nan_in_a_masked_unit_passes_nowhere,
        "no finite logit with NaN in a kept unit of second, got 18 of them",
    ),
    (
        broken.StirsItsWeights,
        masking_laws.masked_weights_stay_zero_in_training,
        r"0 in first\.affine\.weight .* after 5 steps, got \d+ entries that are not",
    ),
    (
        broken.DividesByWidth,
        removal_laws.a_removed_unit_was_silent,
        "logits of the masked network to 1e-10, got a difference of",
    ),
    (
        broken.DividesByWidthInTraining,
        removal_laws.the_next_five_steps_are_those_of_the_masked_network,
        "losses of five steps of sgd of the masked network to 1e-10, got a difference of",
    ),
    (
        broken.SqueezesOne,
        removal_laws.every_layer_can_be_removed_down_to_one_unit,
        "expected a forward pass whatever is removed, got RuntimeError: mat1 and mat2",
    ),
]


def case_of(kind: type[broken.Right]) -> ModelCase:
    return ModelCase(ModelConfig(name=kind.__name__), (2, 4, 4), 3, build=broken.build(kind))


def test_a_model_that_keeps_all_laws_passes_them() -> None:
    for law in ModelSuite.laws:
        law(case_of(broken.Right))


@pytest.mark.parametrize(
    ("kind", "law", "message"), BROKEN, ids=[f"{k.__name__}-{law.__name__}" for k, law, _ in BROKEN]
)
def test_a_broken_model_is_told_apart(kind: type[broken.Right], law: Law, message: str) -> None:
    with pytest.raises(BrokenLaw, match=message):
        law(case_of(kind))


def test_every_law_has_a_model_that_breaks_it() -> None:
    assert {law for _, law, _ in BROKEN} == set(ModelSuite.laws)


class Broken(ModelSuite):
    name = "OneLogitMore"

    def cases(self):
        yield case_of(broken.Right)
        yield case_of(broken.OneLogitMore)


def test_the_message_names_the_part_and_the_law() -> None:
    wanted = r"^OneLogitMore: one finite logit a class for every image: expected .*, got \(4, 4\)$"
    with pytest.raises(BrokenLaw, match=wanted):
        as_test(model_laws.one_finite_logit_a_class_for_every_image)(Broken())


def test_check_tries_all_laws_and_says_each_that_is_broken() -> None:
    with pytest.raises(BrokenLaw) as found:
        Broken.check("OneLogitMore")
    first, *others = str(found.value).splitlines()
    assert first.startswith("OneLogitMore: one finite logit a class")
    assert all(line.startswith("OneLogitMore: ") for line in others)
    ModelSuite.check("mlp", image_shape=(1, 4, 4), settings=({"width": 0.1},))
    with pytest.raises(TypeError, match=r"expected its attributes, got \['shape'\]"):
        ModelSuite.check("mlp", shape=(1, 4, 4))


def test_a_case_says_its_settings() -> None:
    (one, two) = ModelSuite.named("mlp").cases()
    assert str(one) == "mlp"
    assert str(two) == "mlp (model.norm=none)"
