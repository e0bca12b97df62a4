"""What a study asks, and which trials answer it.

question          Question, Contrast and Drawing; METHOD and NONE, the key and level of no pruning
margins           differences so small that they count as none, and why
contrasts         comparisons that several studies and claims make
studies           STUDIES: the question of each study of this project
derived_question  the question of any other study, made from its swept keys
chosen_trials     which trials a figure is about, and the order of their levels
"""
