"""The site of the documentation, built without a network: `python -m benchmarks.site`.

pages      which files become pages, and where; the navigation
links      links between files become links between pages
headings   the anchors of a page
equations  LaTeX becomes MathML, which browsers draw by themselves
notebooks  a notebook as a page
meanings   the meaning of a setting, for the reference (an extension of Griffe)
checks     what is built has no broken link, and loads nothing from elsewhere
"""
