"""Pages that hold an answer with its figures and tables.

report   report.html of one study
compare  two studies side by side
missing  what a study lacks
"""
