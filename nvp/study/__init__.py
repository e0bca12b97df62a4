"""A study on the command line.

study            Study and main: run what is missing
command_line     the flags, the same for every study
listing          what a plan looks like on the terminal
doctor           whether a cluster's YAML and its nodes are right
reference_pages  docs/tables.md and docs/settings.md
"""
