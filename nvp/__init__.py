"""nvp: which hyperparameters kill neurons, and what does pruning them while training buy?

Start at `nvp.study` (what a study is) and `nvp.train` (the loop); README.md has the map.
"""
