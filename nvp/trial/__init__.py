"""One trial, from its configuration to its committed row, and the uses of its last checkpoint.

    validation        refuses a wrong configuration on the driver, before anything starts
    settings_read     which settings of a configuration its trial reads
    run_options       RunOptions: how trials run; changes no result and no trial id
    requirements      Requirements: what a row must be like, so that its trial need not run again
    run               run_trial: one trial to its row, yielding its progress
    attempt           one attempt of a trial: restore, train, write, commit
    progress          the few numbers that a person or a scheduler watches
    diary             the values that a trial remembers over its attempts
    checkpoint        save and restore a TrainState
    checkpoint_owner  whose a checkpoint is, held against its folder
    source_code/      the hash of the code that computes results
    versions          the versions of the packages that a row was made with
    rows              records to rows of the tables
    sampling          at which epochs the table `neurons` is written
    trial_row         the row of `trials`
    early_stopping    ASHA: a trial stops at a rung where it is not among the best third
    fork              trials that start where another one ended
    overlap           `nvp overlap`: which units each criterion would prune of a checkpoint
    overlap_table     the table that it prints
    export            `nvp export`: a trial's network for those who do not have this package
    plain_torch       a network as `torch.nn` modules alone, and as source code

Others start with `run_trial` and `RunOptions`.
"""
