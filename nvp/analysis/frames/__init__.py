"""Tables as tidy pandas frames.

load       a study's tables, with the swept keys as columns
derive     other frames from these: dead fractions, paired accuracies, life cycles
responses  the results of each trial: accuracy, sparsity, deaths at its end
"""
