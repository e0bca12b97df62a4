"""Which normalisation keeps neurons alive?

Claim     Without normalisation a large learning rate kills most neurons; batch and layer
          normalisation centre what a ReLU is given, so that fewer fall silent.
Figure    analysis/notebooks/normalisation.ipynb -> dead_at_end
Cost      quick: 36 trials;
          laptop: 60 trials on MNIST;
          paper: 36 trials on GPUs
Source    Zhou et al., "How does BN increase collapsed neural network filters?", 2020; Lyle et al.,
          "Disentangling the causes of plasticity loss in neural networks", 2024

Nothing is pruned: norms over the neurons of a layer change when one is removed, so methods that
mask neurons do not go with them.

The quick and laptop settings were chosen on seed 100 and are published on seeds from 0 on.
"""

from nvp import (
    DataConfig,
    Design,
    End,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    Question,
    Study,
    TrialConfig,
    compare_deaths_in_all,
    grid,
    main,
)

NORMS = grid("none", "batch", "layer", "group")

STUDY = Study(
    name="normalisation",
    question=Question(
        ask="Which normalisation keeps neurons alive?",
        x="optim.lr",
        hue="model.norm",
        figures=("dead_at_end", "survival", "interactions", "dead_over_epochs"),
        contrasts=(
            compare_deaths_in_all(
                "model.norm", reference="none", others=("batch",), where={"optim.lr": End.LAST}
            ),
            compare_deaths_in_all("model.norm", reference="none", by="optim.lr"),
            compare_deaths_in_all("optim.lr", by="model.norm"),
        ),
        refuted_by=(
            "As many deaths with batch normalisation as without any, at the largest learning rate."
        ),
    ),
    quick=Design(
        base=TrialConfig(
            epochs=12,
            data=DataConfig(name="digits", batch_size=16),
            model=ModelConfig(name="mlp", width=0.5),
            optim=OptimConfig(name="adam"),
            probe=ProbeConfig(size=512),
        ),
        space={"model.norm": NORMS, "optim.lr": grid(0.003, 0.01, 0.03)},
        seeds=3,
    ),
    laptop=Design(
        base=TrialConfig(
            epochs=6,
            data=DataConfig(name="mnist", batch_size=128),
            model=ModelConfig(name="mlp", width=2.0),
            optim=OptimConfig(name="adam"),
        ),
        space={"model.norm": NORMS, "optim.lr": grid(0.001, 0.005, 0.02)},
        seeds=5,
    ),
    paper=Design(
        base=TrialConfig(
            epochs=100,
            data=DataConfig(name="cifar10", batch_size=128, augment="crop_flip"),
            model=ModelConfig(name="vgg16"),
            optim=OptimConfig(name="adam"),
        ),
        space={"model.norm": NORMS, "optim.lr": grid(0.0003, 0.001, 0.003)},
        seeds=3,
        gpus_per_trial=0.25,
    ),
)

if __name__ == "__main__":
    main(STUDY)
