"""One trial, from its configuration to its committed row, and what can be done with its end.

run             build, restore, train, write; yields progress
validation      what can be wrong with a configuration, found on the driver
checkpoint      save and restore a TrainState
rows            records to rows of the tables
trial_row       the row of `trials`
early_stopping  ASHA: a trial stops at a rung where it is not among the best third
fork            a trial that starts where another one ended
overlap         what every criterion would have pruned of a checkpoint; overlap_table prints it
export          a trial's network for those who do not have this package; plain_torch makes it
"""
