"""The comparisons that answer a study's question.

answer            the contrasts of a question: paired by seed, corrected, each with a verdict
verdict           what a comparison may be said to show
wording           contrasts and answers in words
plain             a comparison as one sentence that needs no glossary
two_sentences     an answer in two such sentences
best_settings     the settings with the best validation accuracy, and how sure their order is
whole_answer      all that a study answers, computed once for page and terminal
search_answer     the best configuration of a search by each objective, and how sure that is
search_wording    the same in words
common_levels     the levels at which two studies can be compared
best_of_searches  two searches side by side: the best configuration of each
study_comparison  two studies, or one study by two versions of the code, trial against trial
"""
