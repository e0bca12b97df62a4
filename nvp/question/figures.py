"""FIGURES: what each figure shows. The file `nvp/analysis/plots/NAME.py` draws the figure NAME."""

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
    "collapse": "whether deaths depend on one number made of learning rate and batch size",
}
