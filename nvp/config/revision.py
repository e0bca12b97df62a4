"""Revisions: a fix that moves results gives new names to the trials concerned, and to no others.

The revision is a field of a configuration, so it is part of the trial's name. It is raised where a
plan is made. Rows and plans of before keep theirs.
"""

from dataclasses import replace

from nvp.config.trial_config import TrialConfig

FOLDERS = 1  # images of 16 bits were clipped to white, EXIF rotation was ignored, webp was not read


def revision_of(config: TrialConfig) -> int:
    """Return the least revision of a trial with this configuration; 0 where nothing moved it."""
    return FOLDERS if config.data.name.startswith("folder:") else 0


def raise_revision(config: TrialConfig) -> TrialConfig:
    """Return a configuration of at least the revision that its results are of."""
    least = revision_of(config)
    return config if config.revision >= least else replace(config, revision=least)
