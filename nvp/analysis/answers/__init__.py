"""The comparisons that answer a study's question.

answer  contrasts paired by seed, corrected, and put into words
versus  two studies, or two versions of the code, trial against trial
"""
