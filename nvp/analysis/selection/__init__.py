"""What a study asks, and which trials answer it.

question       Question, Contrast and Drawing
studies        STUDIES: the question of each study
chosen_trials  which trials a figure is about, and the order of their levels
"""
