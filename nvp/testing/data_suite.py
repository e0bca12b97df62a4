"""The laws of a data set."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from nvp.config.trial_config import DataConfig
from nvp.data import data_root, prepare_data, read_facts
from nvp.data.own import name_set
from nvp.testing import data_laws
from nvp.testing.data_laws import DataCase
from nvp.testing.law import Law, Suite


class DataSuite(Suite):
    """The laws of a data set, which is downloaded first if it is not there.

    Attributes:
        name: as in `data.name`.
        extra: settings of the function that the name stands for, as in `data.extra`.
        most_shared: the fraction of images that two splits may share: real sets hold some twice.
    """

    laws: ClassVar[tuple[Law, ...]] = (
        data_laws.its_facts_hold,
        data_laws.every_image_has_a_label_and_every_class_an_image,
        data_laws.batches_are_uint8_images_in_order,
        data_laws.train_is_normalised_to_about_zero_and_one,
        data_laws.the_probe_is_the_first_of_train,
        data_laws.training_batches_follow_the_order,
        data_laws.no_image_is_in_two_splits,
        data_laws.loading_it_twice_gives_the_same,
        data_laws.what_is_there_passes_its_check,
    )
    extra: Mapping[str, Any] = {}
    most_shared: float = 0.01

    def cases(self) -> Iterator[DataCase]:
        """Return the data set."""
        name = name_set(DataConfig(name=self.name, extra=self.extra))  # type: ignore[arg-type]
        yield load_case(name, data_root(), self.most_shared)


@cache
def load_case(name: str, root: Path, most_shared: float) -> DataCase:
    """Return a data set below a folder; its splits are loaded once."""
    prepare_data(name, root)
    return DataCase(name, read_facts(name, root), root, most_shared)
