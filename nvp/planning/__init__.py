"""Planning: the trials of a study, which of them are missing, and what they cost.

    design          Design: the axes that are crossed, and how often each cell is repeated
    plan            Plan: every cell x seed, validated and named
    plan_state      which trials of a plan are done, failed and missing
    unread_settings settings that no trial of a design reads
    old_spellings   which trials were run under a longer spelling of a number
    study_file      study.json: the plan of the study, one-off plans, an entry for each start
    narrowing       whether the plan of a start is a one-off one
    trial_queue     trials that are handed out one by one while a run goes on
    search          a queue and a plan that grow by Optuna's proposals
    search_space    the cells that a search can ask, and those that earlier starts asked
    proposal        the cell that Optuna proposes next
    cost/           hours, bytes, the fastest precision, how many trials share a GPU

Others start with `make_plan` and `read_state`.
"""
