"""Pages that hold an answer with its figures and tables, and their templates.

report            report.html of one study
comparison        compare.html: two studies side by side
comparison_words  what that page says beside its table
gaps              trials, levels and seeds that a study lacks, in words and in tables
"""
