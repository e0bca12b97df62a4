"""Pages that hold an answer with its figures and tables, and their templates.

report            report.html of one study
comparison        compare.html: two studies side by side
comparison_words  what that page says beside its table
search_report     what a page shows of a search: its answer, its space, the best beside others
tables            tables as HTML, heads and names in words
pictures          a figure inside the page, its numbers, its terms explained
left_out          what is in no figure and no mean, and why
shared_settings   the configuration that all trials share, in words
gaps              trials, levels and seeds that a study lacks, in words and in tables
"""
