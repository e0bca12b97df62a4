"""Sections of a trial's configuration that have a file of their own.

    data    DataConfig: images, batches, and tasks of continual learning
    model   ModelConfig: which network, its depth, its initial weights, its normalisation
    remedy  RemedyConfig: what keeps neurons alive, or brings them back

Others import them from `nvp.config.trial_config`, which has all sections.
"""
