"""The tables for other tools: what their columns mean, and a study's tables as Parquet or CSV.

page     docs/tables.md: every column of every table
files    the five tables of a study as files that pandas or DuckDB read
command  `nvp tables`, and `nvp tables STUDY --to parquet`
"""
