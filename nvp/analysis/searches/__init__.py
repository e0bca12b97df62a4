"""Searches: which configurations were asked, how good they are, and how sure that is.

asked_trials    a row per trial that was asked, in the order of asking
configurations  a row per configuration: what became of its seeds, and their means
ranking         the order of configurations, the front of several objectives, the best so far
comparison      the best configuration beside the others, and beside itself on other seeds
bounds          whether a value lies at the end of its axis
searched        Searched: all of these of one study
fresh_seeds     trials of a configuration with seeds that did not choose it
captions        what a figure of a search says of itself
"""
