"""What a study asks, as data: written into study.json by its script, read back by the analysis.

    question         Question, Contrast, Margin and End
    contrasts        comparisons that several studies make: compare_deaths and others
    margins          differences so small that they count as none, and why
    figures          FIGURES: the names of the figures that a question can ask for
    own_figure       a user's figure, by its dotted name
    stored_question  a question as study.json has it
    check            refuses a question that no trial of its study can answer

A study's script imports these names from `nvp`. Nothing here needs torch, Ray or pandas.
"""

from nvp.question import margins

__all__ = ["margins"]
