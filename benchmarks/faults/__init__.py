"""Faults: files are damaged, processes get signals, memory and disks run short; what is believed?

study     the tiny study that is broken
scene     copies of it: done in part, with checkpoints, with packs; and the unbroken run
damage    what can happen to a file
reading   what a start, an analysis and a continued trial make of a damaged study
guarded   a check in a process of its own, which may die or hang
files     the part that damages files
drivers   a study's process: its end, its last line, the processes below it
finishing that study run to its end, unbroken or broken, and its tables compared
attacks   the signals: to whom, which, how often
signals   the part that sends signals to the driver, to workers and to Ray
memory    the part that takes the memory away
disk      the part that fills the disk, or takes the storage away
full_disk the inside of that part, on a small file system of its own
tally     counts and the table that is printed

`python -m benchmarks.faults SEED`; docs/benchmarks.md says what it prints.
"""
