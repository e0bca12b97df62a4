"""A study on the command line.

    study            Study and main: a study's script runs the trials that are missing
    command_line     the flags, the same for every study
    run_place        where a start runs: on a cluster or here, and the preset that goes with it
    start            one start: its plan and its search, checked
    launch           runs the missing trials of a start, in this process or on Ray
    devices          the device that trials run on, and their share of it
    mixture          what a start would mix or leave out
    data_check       the images of a start, compared with those that finished trials have seen
    weights_check    the files of weights of a start, fetched and compared in the same way
    listing          a plan, its cost and its end on the terminal
    doctor           `nvp doctor`: whether a cluster's YAML and its nodes are right
    method_table    `nvp methods`: the pruning methods and the remedies
    reference_pages  `nvp settings`: docs/settings.md

Others start with `Study` and `main`, both also names of `nvp`.
"""
