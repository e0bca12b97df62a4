"""The comparisons that answer a study's question.

answer            the contrasts of a question: paired by seed, corrected, each with a verdict
wording           contrasts and answers in words
study_comparison  two studies, or one study by two versions of the code, trial against trial
"""
