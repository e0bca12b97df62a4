"""The documents that are made of the tables in evidence/: `python -m benchmarks.documents`.

whole_studies  the studies of evidence/ that are whole, and what is left out
findings       docs/findings.md: a page for each study at laptop, from findings.md.j2
new_intervals  comparisons that no source had put an interval on
front          the figure and the answer at the top of README.md
pictures       a figure is written again only where its numbers changed
__main__       makes all of them
"""
