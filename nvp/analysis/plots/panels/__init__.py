"""What several figures draw alike: panels, bands, lines and points with intervals.

grid       panels, bands and intervals
effect     points and intervals against the levels of a key
task_grid  panels, lines and bands over tasks
"""
