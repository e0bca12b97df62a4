"""Every network of the papers on every data set they used it with: one epoch, by the real command.

`NVP_DATA=folder python -m benchmarks.pairs [NETWORK/DATA ...]`. Each pair is one trial of
studies/sgd_noise.py, `--no-ray --only ID`, with `precision=auto` and `layout=auto` and neurons
pruned by `nvp`. A data set that is not there is named and left out. ImageNet is made up here: a few
photographs' worth of noise in the official folders. About an hour on one core.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch
from PIL import Image

from nvp.data import data_root, load_data
from nvp.storage.index import read_index
from nvp.storage.study_folder import open_study

PAIRS = (
    "mlp/mnist",
    "lenet300/mnist",
    "lenet5/mnist",
    "lenet300/fashion_mnist",
    "lenet5/fashion_mnist",
    "resnet18/cifar10",
    "resnet18_dropout/cifar10",
    "resnet20/cifar10",
    "resnet32/cifar10",
    "resnet44/cifar10",
    "resnet56/cifar10",
    "vgg_like/cifar10",
    "vgg16/cifar10",
    "vgg19/cifar10",
    "resnet18/cifar100",
    "resnet56/cifar100",
    "vgg16/cifar100",
    "vgg19/cifar100",
    "resnet18/tiny_imagenet",
    "vgg16/tiny_imagenet",
    "resnet50/imagenet",
)
SETTINGS = {
    "epochs": "1",
    "precision": "auto",
    "layout": "auto",
    "data.batch_size": "64",
    "data.augment": "crop_flip",
    "model.width": "1.0",
    "optim.lr": "0.01",
    "optim.noise": "0.0",
    "prune.method": "nvp",
    "prune.schedule": "at_init",
    "prune.sparsity": "0.2",
    "probe.size": "256",
}
FEW = {"data.batch_size": "8", "probe.size": "32"}  # the made-up ImageNet


def made_up_imagenet(root: Path) -> Path:
    """Write an ILSVRC folder of three classes; return its parent."""
    rng = torch.Generator().manual_seed(0)
    for part, each in (("train", 20), ("val", 4)):
        for wnid in ("n01440764", "n01443537", "n01484850"):
            folder = root / "imagenet" / part / wnid
            folder.mkdir(parents=True, exist_ok=True)
            for k in range(each):
                coarse = torch.randint(0, 256, (12, 16, 3), generator=rng, dtype=torch.uint8)
                image = Image.fromarray(coarse.numpy()).resize((500, 375))
                image.save(folder / f"{part}_{k}.JPEG")
    return root


def run(pair: str, root: Path, place: Path) -> bool:
    """Train one pair for an epoch; print what came of it and return whether it is done."""
    model, data = pair.split("/")
    settings = SETTINGS | (FEW if data == "imagenet" else {})
    settings |= {"model.name": model, "data.name": data}
    if model.startswith(("mlp", "lenet")):
        settings |= {"model.norm": "none", "data.augment": "none"}
    flat = [part for path, value in settings.items() for part in ("--set", f"{path}={value}")]
    command = [sys.executable, "studies/sgd_noise.py", "--preset", "quick", "--seeds", "1",
               "--storage", str(place), "--no-ray", *flat]  # fmt: skip
    environment = os.environ | {"NVP_DATA": str(root)}
    start = time.perf_counter()
    listed = subprocess.run(
        [*command, "--dry-run"], env=environment, capture_output=True, text=True, check=True
    )
    name = next(line.split()[0] for line in listed.stdout.splitlines() if " missing " in line)
    ended = subprocess.run(
        [*command, "--only", name], env=environment, capture_output=True, text=True
    )
    row = read_index(open_study(str(place), "sgd_noise", "quick")).rows.get(name)
    if ended.returncode or not row or row["status"] != "done":
        print(f"    {pair}: failed\n{ended.stdout}{ended.stderr}")
        return False
    print(f"    {pair}: done in {time.perf_counter() - start:.0f} s, {row['steps']} steps, "
          f"{row['parameters']:,} parameters, test accuracy {row['test_accuracy']:.3f}, "
          f"{row['masked_units']} of {row['units']} units masked", flush=True)  # fmt: skip
    return True


def main(asked: list[str]) -> int:
    with tempfile.TemporaryDirectory() as folder:
        made_up = made_up_imagenet(Path(folder) / "made_up")
        failed = 0
        for pair in asked or PAIRS:
            data = pair.split("/")[1]
            root = made_up if data == "imagenet" else data_root()
            try:
                load_data(data, root, "cpu")
            except ValueError as error:
                print(f"    {pair}: not run, {error}", flush=True)
                continue
            failed += not run(pair, root, Path(folder) / "results")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
