"""Figures, one file each. A `draw_*` computes a frame, its `plot_*` draws it and computes nothing.

figures               FIGURES: all of them by name; drawing one, and writing all of a study
dead_at_end           dead fraction at the end against a key
dead_over_epochs      dead fraction over the epochs, layer by layer
accuracy_vs_sparsity  accuracy against the sparsity that removing the dead reaches
life_cycle            every neuron of one trial, epoch by epoch
effect_map            main effects of every key on several responses
interactions          two keys at once, cell by cell
importance            which key matters most
survival              neurons that have not died yet, layer by layer
competing             what comes first to a neuron, death or pruning
layer_map             dead fraction, layers against epochs
layer_profile         masked fraction of every layer
trade_off             accuracy against neurons, weights, FLOPs and time saved
rank_stability        whether early ranks of neurons are those at the end
measures              accuracy, dead, duplicate, inactive neurons, weights, rank over the epochs
collapse              whether deaths depend on one number made of learning rate and batch size
collapse_captions     what that figure says of its fits
accuracy_over_tasks   how well each task was learned, beside a fresh network
neurons_over_tasks    dead, dormant and duplicate neurons, and the rank, task by task
panels/               what several figures draw alike
search/               the figures of a search
"""
