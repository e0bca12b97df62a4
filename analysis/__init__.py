"""From the tables of a study to its figures and its answer.

    load        a study's tables as tidy pandas frames, with the swept keys as columns
    place       which studies a storage place holds, and which preset to read
    derive      tidy -> tidy: dead fractions, paired accuracies, life cycles; pure
    stats       t-intervals over seeds, paired differences, Holm's correction; pure
    chosen      which trials a figure is about, and at which settings they are compared
    responses   what each trial ended with
    terms       the terms of a linear model of the swept keys, and which of them trials tell apart
    effects     main effects and two-way interactions, by least squares
    importance  which key matters most: permutation and functional ANOVA
    fanova      the share of a forest's variance that is one key's alone
    lives       the first life of every neuron
    survival    Kaplan-Meier, and Aalen-Johansen with pruning beside death
    hazard      Cox's model, clustered by trial; revivals
    resample    bands from seeds drawn anew
    tradeoff    sparsity at equal accuracy, the Pareto front
    stability   ranks of criteria, early and late
    collapse    whether deaths are a function of lr / B
    captions    what a figure says of itself: n, what was left out
    style       the only home of colours, labels, names, sizes, and of saving
    plots       one file a figure; a `plot_*` draws and computes nothing
    figures     FIGURES, and STUDIES: which of them answer which study
    answer      the comparisons that a study was made for, in numbers and in words

`python -m analysis sgd_noise` does all of it; `notebooks/sgd_noise.ipynb` does it step by step.
"""
