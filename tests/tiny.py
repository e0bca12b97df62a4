"""The models that the suites go over: each structure once."""

from nvp.models import MODELS

# models that are another one with more or fewer of the same layers: the suites do without them
VARIANTS = (
    "resnet20_b",
    *(f"resnet{depth}{option}" for depth in (32, 44, 56) for option in ("", "_b")),
    *(f"vgg{depth}" for depth in (11, 13, 16, 19)),
)
ADOPTED = ("vit",)  # of torch's own modules: tests/models/test_vit.py has its laws
STRUCTURES = [name for name in MODELS if name not in (*VARIANTS, *ADOPTED)]
