"""What several figures draw alike: panels, bands, lines and points with intervals.

grid            panels, bands and intervals
looks           what the levels of a key look like, the same in all figures of a study
sparsity_axis   an axis that tells sparsities near 1 apart
log_axis        a logarithmic axis whose numbers do not overlap
equal_accuracy  the sparsity at equal accuracy, a row per method
effect          points and intervals against the levels of a key
task_grid       panels, lines and bands over tasks
"""
