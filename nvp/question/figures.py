"""FIGURES: what each figure shows.

The file `nvp/analysis/plots/NAME.py` draws the figure NAME; of SEARCH_FIGURES, the file
`nvp/analysis/plots/search/NAME.py`.
"""

SEARCH_FIGURES = {
    "best_configurations": "the best configurations, with their keys and intervals over seeds",
    "pareto_front": "objectives against each other, and what no other configuration beats",
    "search_history": "every trial in the order of asking, and the best so far",
    "searched_values": "every objective against every key, within what was searched",
}
OF_TASKS = {  # of studies whose trials learn tasks one after another
    "accuracy_over_tasks": "accuracy of each task, and its difference to a fresh network's",
    "neurons_over_tasks": "dead, dormant and duplicate neurons and the rank, task by task",
}
FIGURES = {
    "dead_at_end": "dead fraction at the end against the key on x",
    "dead_over_epochs": "dead fraction over the epochs, layer by layer",
    "accuracy_vs_sparsity": "accuracy against the sparsity that removing the dead reaches",
    "life_cycle": "every neuron of one trial, epoch by epoch",
    "effect_map": "main effects of every key on several responses",
    "interactions": "two keys at once, cell by cell",
    "importance": "which key matters most",
    "survival": "neurons that have not died yet, layer by layer",
    "competing": "what comes first to a neuron, death or pruning",
    "layer_map": "dead fraction, layers against epochs",
    "layer_profile": "masked fraction of every layer",
    "trade_off": "accuracy against neurons, weights, FLOPs and time saved",
    "rank_stability": "whether early ranks of neurons are those at the end",
    "measures": "accuracy, dead, duplicate and inactive neurons, weights and rank, over the epochs",
    "collapse": "whether deaths depend on one number made of learning rate and batch size",
    **OF_TASKS,
    **SEARCH_FIGURES,
}
