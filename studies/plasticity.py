"""What keeps a network able to learn one task after another?

Claim     A network that is trained on one task after another learns later ones worse, while its
          neurons die; resetting dormant neurons keeps it able to learn, and so do other remedies.
Figure    analysis/notebooks/plasticity.ipynb -> measures
Cost      quick: 33 trials, three minutes on two cores, untreated
          test accuracy on the last task 0.36 to 0.78, of a new network 0.91;
          laptop: 55 trials on MNIST, test accuracy on the last task 0.91, of a new network 0.92;
          paper: 66 trials on GPUs
Source    Dohare et al., Nature 632, 2024; Kumar et al., 2023 (its permuted MNIST is the paper
          preset); Sokar et al., 2023 (ReDo)

The pixels of the digits are permuted anew at each of 50 tasks, so that all tasks are equally hard.
A task is one epoch: its train accuracy is of images that the network has not seen in it.

The quick setting was chosen on seeds 100-101 (`--set seed=100`): a learning rate at which the
untreated network loses accuracy, and one setting of each remedy. It is published on seeds 0-2. The
laptop setting is near that of the paper preset at a tenth of its length (tasks of 625 steps), and
was not chosen by results.
"""

from nvp import (
    Contrast,
    DataConfig,
    Design,
    ModelConfig,
    OptimConfig,
    ProbeConfig,
    Question,
    RemedyConfig,
    Study,
    TrialConfig,
    compare_deaths_in_all,
    grid,
    main,
    margins,
)

REMEDIES = grid(
    *("none", "redo", "cbp", "snr", "shrink_perturb", "l2_init", "ln_decay", "head", "fresh")
)
BY_RULE = {"remedy.choice": "rule"}
DECAY = {"remedy.name": "ln_decay"}
AXES = {
    "remedy.name": REMEDIES,
    "remedy.choice": grid("rule", "random", when={"remedy.name": "redo"}),
    "model.norm": grid("layer", when=DECAY),
    "remedy.weight_decay": grid(0.0, 0.3, when=DECAY),
}
MEASURES = ProbeConfig(size=256, duplicates=0.95, gradients=64, weights="magnitude")

STUDY = Study(
    name="plasticity",
    question=Question(
        ask="What keeps a network able to learn one task after another?",
        x="remedy.name",
        hue="remedy.choice",
        figures=("measures", "dead_at_end"),
        contrasts=(
            Contrast(
                value="test_accuracy",
                key="remedy.name",
                reference="none",
                others=("redo",),
                where=BY_RULE,
                margin=margins.OF_ACCURACY,
            ),
            Contrast(
                value="test_accuracy",
                key="remedy.name",
                reference="none",
                others=("cbp", "snr", "shrink_perturb", "l2_init", "ln_decay", "head", "fresh"),
                where=BY_RULE,
                margin=margins.OF_ACCURACY,
            ),
            Contrast(
                value="test_accuracy",
                key="remedy.weight_decay",
                where={"remedy.name": "ln_decay"},
                margin=margins.OF_ACCURACY,
            ),
            Contrast(
                value="test_accuracy",
                key="remedy.choice",
                reference="random",
                others=("rule",),
                where={"remedy.name": "redo"},
                margin=margins.OF_ACCURACY,
            ),
            compare_deaths_in_all("remedy.name", reference="none", where=BY_RULE),
        ),
        refuted_by=(
            "An untreated network that learns the last task as well as a new one does, or "
            "resets of dormant neurons that are no better than none, or than resets of random "
            "ones."
        ),
    ),
    paper=Design(
        base=TrialConfig(
            epochs=1,
            data=DataConfig(name="mnist", images=10_000, batch_size=16, task="permuted", tasks=500),
            model=ModelConfig(name="mlp", depth=2, width=0.78125, norm="none"),
            optim=OptimConfig(name="adam", lr=0.001),
            remedy=RemedyConfig(every=625, rho=1e-4, silence=625, silence_max=5_000),
            probe=MEASURES,
        ),
        space={"optim.lr": grid(0.0001, 0.001), **AXES},
        seeds=3,
        gpus_per_trial=0.125,
    ),
    laptop=Design(
        base=TrialConfig(
            steps=625,
            data=DataConfig(name="mnist", batch_size=16, task="permuted", tasks=50),
            model=ModelConfig(name="mlp", depth=3, width=0.78125, norm="none"),
            optim=OptimConfig(name="adam", lr=0.001),
            remedy=RemedyConfig(every=300, rho=1e-4, silence=300, silence_max=3_000),
            probe=MEASURES,
        ),
        space=AXES,
        seeds=5,
    ),
    quick=Design(
        base=TrialConfig(
            epochs=1,
            data=DataConfig(name="digits", batch_size=32, task="permuted", tasks=50),
            model=ModelConfig(name="mlp", depth=3, width=0.78125, norm="none"),
            optim=OptimConfig(name="adam", lr=0.005),
            remedy=RemedyConfig(
                every=20,
                rho=1e-3,
                maturity=40,
                silence=20,
                silence_max=400,
                shrink=0.8,
                sigma=0.03,
            ),
            probe=MEASURES,
        ),
        space=AXES,
        seeds=3,
    ),
)

if __name__ == "__main__":
    main(STUDY)
