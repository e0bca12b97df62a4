"""Regrowth: some of the neurons or weights that a method masked come back.

candidates    which masked neurons come back first
reactivation  neurons that get another chance
exchange      weights that are dropped, and as many that grow
regrow        REGROWTHS, and the step that calls what the plan names
"""
