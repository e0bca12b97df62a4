"""Tables as tidy pandas frames.

load            a study's tables, with the swept keys as columns
configuration   the configuration of each trial as columns
study_document  what study.json holds, checked, and which rows its plan does not ask for
search_plan     what study.json says of a search
code_versions   which version of the code made a trial
measures        what was measured over the epochs, in rows of one kind
derive          other frames from these: dead fractions, paired accuracies, life cycles
tasks           a row per task of a trial, at its end; pairs with a fresh network
unpruned        the accuracy of each cell that was not pruned
responses       the results of each trial: accuracy, sparsity, deaths at its end
"""
