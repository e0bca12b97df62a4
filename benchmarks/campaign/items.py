"""The list of the campaign, most valuable first.

Paper presets run at 30 epochs before they run at full length: three seeds of a short training say
more than a third of one seed of a long one.
"""

from pathlib import Path

from benchmarks.campaign.item import Item
from benchmarks.campaign.shortened import DESIGNS
from benchmarks.reduced import STUDIES

FIRST = ("sgd_noise", "learning_rate", "batch_size", "neuron_sparsity")
# not all of tests/: others import what a machine with a GPU may lack
TESTS = ("tests/training/test_graph.py", "tests/training/test_gpu.py")
SMALL = ("epochs=1", "steps=0", "data.images=320", "model.width=0.1", "probe.size=64")
SMALL_PAPER = ("data.name=digits", "data.augment=none", "model.name=convnet", *SMALL)


def list_items(device: str, folder: Path, *, small: bool) -> list[Item]:
    """Return every item.

    Args:
        device: "cuda", or "cpu" to try the code.
        folder: of the campaign; studies are stored below it.
        small: everything cut down to seconds, on embedded data.
    """
    return [
        *list_measurements(device, small=small),
        *(study_item("quick", name, device, folder, small=small) for name in list_studies()),
        *(study_item("paper30", name, device, folder, small=small) for name in DESIGNS),
        *(study_item("paper", name, device, folder, small=small) for name in list_studies()),
    ]


def list_studies() -> list[str]:
    """Return the names of all studies, the most valuable ones first."""
    rest = sorted(path.stem for path in STUDIES.glob("*.py") if path.stem not in FIRST)
    return [*FIRST, *rest]


def list_measurements(device: str, *, small: bool) -> list[Item]:
    """Return the items that time something, and the tests before them."""
    flags = ("--device", device, *(("--small",) if small else ()))
    pytest = ("-m", "pytest", "-m", "gpu", "-q", "-rs", "-o", "addopts=", "-p", "no:cacheprovider")
    needs = {"gpu": 2.0, "gpu_packing": 5.0, "roofline": 1.0, "stacked_mlp": 6.0}
    return [
        Item(name="tests", stage="tests", command=(*pytest, *TESTS), minutes=3.0, alone=True),
        *(
            Item(
                name=module,
                stage="measurements",
                command=("-m", f"benchmarks.{module}", *flags),
                minutes=0.5 if small else minutes,
                alone=True,
            )
            for module, minutes in needs.items()
        ),
    ]


def study_item(stage: str, name: str, device: str, folder: Path, *, small: bool) -> Item:
    """Return the item that runs one study in this process tree, without Ray."""
    preset = "quick" if stage == "quick" else "paper"
    script = (f"studies/{name}.py",)
    if stage == "paper30":
        script = ("-m", "benchmarks.campaign.shortened", name)
    changes = () if not small else SMALL if preset == "quick" else SMALL_PAPER
    settings = [argument for change in changes for argument in ("--set", change)]
    seeds = ("--seeds", "1") if small else ()
    storage = ("--storage", str(folder / "studies" / stage))
    return Item(
        name=f"{stage}.{name}",
        stage=stage,
        command=(*script, "--preset", preset, "--no-ray", *storage, *seeds, *settings),
        study=(stage, name, preset),
        environment={"NVP_DEVICE": device},
    )
