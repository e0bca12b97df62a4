"""Tables as tidy pandas frames.

load            a study's tables, with the swept keys as columns
derive          tidy to tidy: dead fractions, paired accuracies, life cycles
responses       what each trial ended with
"""
