"""A study called from Python or from a notebook, instead of started as a script.

    run   run: the missing trials of a study, and its tables as frames
    call  a call's arguments as the flags of a command line

Others start with `run`, also a name of `nvp`.
"""
