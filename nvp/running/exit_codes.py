"""The exit codes of a study's script."""

DONE = 0  # all trials of the plan are done
FAILED = 1  # some trials are missing
BAD_ARGUMENTS = 2
INTERRUPTED = 130  # as a shell says of a program that SIGINT ended
