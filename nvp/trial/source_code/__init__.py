"""The code that computed a row.

    code_hash     the hash of the code that computes results
    code_digests  digests of source files, kept beside the bytecode

Others call `hash_code` and `hash_trial_code`.
"""
