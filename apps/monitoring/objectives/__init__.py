"""Objectives: what counts as good, how it is counted a minute, and how fast its budget burns."""
