"""Planning: which trials a study consists of, which are missing, and what they cost.

design    Design: what is crossed, and how often each cell is repeated
plan      every cell x seed, validated and named, and what of it is missing
proposal  the configuration that Optuna proposes next
search    a plan that grows by proposals
queue     trials that are handed out one by one while a run goes on
cost/     hours, bytes, the fastest precision, how many trials share a GPU
"""
