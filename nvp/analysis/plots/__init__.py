"""One file a figure: what it is made of, and a `plot_*` that draws and computes nothing."""
