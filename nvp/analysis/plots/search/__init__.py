"""The figures of a search, one file each; `nvp.analysis.searches` has what they show.

best_configurations  the best configurations: their keys, and each response with its interval
pareto_front         two objectives against each other, and the configurations that none beats
search_history       every trial in the order of asking, and the best so far
searched_values      every objective against every key that was searched
marks                colours and marks that these share
config_table         the keys of configurations as a table beside a panel
"""
