"""The run-time type checker of the tests: beartype, where an int is a float as Python has it."""

from beartype import BeartypeConf, beartype

numeric_tower = beartype(conf=BeartypeConf(is_pep484_tower=True))
