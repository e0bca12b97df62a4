"""explore.html: one page on which a study is looked at by hand; no server, no network.

command       `nvp explore STUDY`, and `--follow` while the study runs
page          the page as one file: its template, its styles and scripts, Plotly and the data
contents      all that the page holds, as JSON
columns       what tells the trials apart and what came of them, as the axes of the page
measurements  curves over epochs, and layers over epochs, of every trial
sampling      which trials and epochs are shown where there are too many
compact       numbers as short text

page.html.j2 and page.css are the page; of its scripts, state.js says which trials are selected,
charts.js draws them, controls.js has all that a keyboard reaches, and main.js starts it.
"""
