"""Evidence: studies run whole by one version of the code, and their tables kept in evidence/.

checkout   the one commit whose code runs, in a folder of its own beside the tables
whole      whether a study has all trials of its plan, by one code
__main__   runs the studies one after another, and keeps what is whole

`make evidence` runs the laptop preset of every study that has it, and continues where it stopped.
"""
