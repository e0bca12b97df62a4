"""From the tables of a study to its figures and its answer. Needs neither torch nor ray.

frames/        tables as tidy frames
style/         colours, names, captions
selection/     what a study asks, and which trials answer it
statistics/    intervals, effects, survival, trade-offs; pure
plots/         one file a figure; a `plot_*` draws and computes nothing
answers/       the comparisons that answer a question, in numbers and in words
reports/       report.html, two studies side by side
reproduction/  the papers' claims beside our findings
command        `nvp analyse STUDY` and `nvp compare A B`
"""
