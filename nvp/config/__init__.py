"""What a trial is: its settings, its name, and what a study may sweep over it.

trial_config  TrialConfig and its parts; dotted overrides; the trial's name (a content hash)
fields        fields that know their type, range and meaning
registry      looking a name up, and naming the nearest one when it is not there
space         the axes of a study: grid, uniform, log_uniform, integers, conditions
seed          named random streams, each a function of (seed, stream, epoch)
"""
