"""Slow, obvious versions of what the library computes fast, from the papers' formulas.

None of them imports nvp or differentiates automatically: numpy, loops, and float64. `make_golden`
writes what they return to tests/golden/*.npz.
"""
