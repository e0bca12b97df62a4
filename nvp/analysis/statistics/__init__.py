"""Statistics of tidy frames. Pure: no file is read or written, nothing is drawn.

intervals       t-intervals over seeds, paired differences
corrections     Holm's, and Benjamini and Hochberg's, for families of comparisons
equivalence     whether a difference lies within a margin: two one-sided tests
bootstrap       bands from seeds drawn anew
model_terms     the terms of a linear model of the swept keys
effects         main effects and two-way interactions, by least squares
importance      which key matters most: permutation importance and functional ANOVA
neuron_lives    the first life of every neuron
survival        Kaplan-Meier, and Aalen-Johansen with pruning beside death
hazard          Cox's model, clustered by trial; revivals
trade_off       sparsity at equal accuracy, the Pareto front
rank_stability  ranks of criteria, early and late
collapse        whether deaths are a function of learning rate / batch size
"""
