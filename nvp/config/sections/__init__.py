"""Sections of a trial's configuration that have a file of their own.

    model   ModelConfig: which network, its depth, its initial weights, its normalisation
    remedy  RemedyConfig: what keeps neurons alive, or brings them back

Others import them from `nvp.config.trial_config`, which has all sections.
"""
