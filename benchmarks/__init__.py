"""Benchmarks: each module runs alone, measures ratios side by side in one process, prints bars."""
