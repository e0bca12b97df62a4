"""The laws of a model, built of neuron layers or adopted."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from nvp.config.trial_config import ModelConfig
from nvp.testing import masking_laws, model_laws, removal_laws
from nvp.testing.law import Law, Suite
from nvp.testing.model_case import ModelCase


class ModelSuite(Suite):
    """The laws of a model.

    Attributes:
        name: as in `model.name`.
        image_shape: (channels, height, width) of images that it takes.
        num_classes: how many logits it is built with.
        settings: the settings of `model.*` that the laws are tried with, one after another.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        model_laws.one_finite_logit_a_class_for_every_image,
        model_laws.the_initial_weights_are_of_the_seed_alone,
        model_laws.its_layers_are_found_in_the_order_of_the_forward_pass,
        model_laws.reads_names_who_reads_whom,
        model_laws.observing_leaves_it_as_it_was,
        masking_laws.masked_units_are_exactly_silent,
        masking_laws.zeroing_what_touches_a_masked_unit_changes_no_output,
        masking_laws.nan_in_a_masked_unit_passes_nowhere,
        masking_laws.masked_weights_stay_zero_in_training,
        removal_laws.a_removed_unit_was_silent,
        removal_laws.the_next_five_steps_are_those_of_the_masked_network,
        removal_laws.every_layer_can_be_removed_down_to_one_unit,
    )
    image_shape: tuple[int, int, int] = (3, 32, 32)
    num_classes: int = 10
    settings: tuple[Mapping[str, Any], ...] = ({"norm": "batch"}, {"norm": "none"})

    def cases(self) -> Iterator[ModelCase]:
        """Return the model in each of its settings."""
        for each in self.settings:
            config = ModelConfig(name=self.name, **each)
            yield ModelCase(config, self.image_shape, self.num_classes)
