"""From the tables of a study to its figures and its answer. Needs neither torch nor ray.

frames/        tables as tidy frames
tables/        what the columns mean; a study's tables as Parquet or CSV: `nvp tables`
style/         colours, labels, captions
selection/     the question of a study, and the trials that answer it
statistics/    intervals, effects, survival, trade-offs; pure
searches/      what was searched: configurations, their order, the front; pure
plots/         the figures, one file each
answers/       the comparisons that answer a question, in numbers and in words
reports/       report.html of a study; two studies side by side
reproduction/  the papers' claims beside our findings
explorer/      explore.html: a study looked at by hand
command        `nvp analyse STUDY` and `nvp compare A B`
"""
