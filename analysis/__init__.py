"""From the tables of a study to its figures and its answer.

    load      a study's tables as tidy pandas frames, with the swept keys as columns
    place     which studies a storage place holds, and which preset to read
    derive    tidy -> tidy: dead fractions, paired accuracies, life cycles; pure
    stats     t-intervals over seeds, paired differences, Holm's correction; pure
    captions  what a figure says of itself: n, what was left out
    style     the only home of colours, labels, names, sizes, and of saving
    plots     one file a figure; a `plot_*` draws and computes nothing
    figures   FIGURES, and STUDIES: which of them answer which study
    answer    the comparisons that a study was made for, in numbers and in words

`python -m analysis sgd_noise` does all of it; `notebooks/sgd_noise.ipynb` does it step by step.
"""
