"""What a study asks, and which trials answer it.

question_of_study  the question of a study: its own, completed by what its swept keys say
derived_question   the question of a study that says none, made from its swept keys
chosen_trials      which trials a figure is about, and the order of their levels
drawing            Drawing and NothingToDraw: what a figure answers with
"""
