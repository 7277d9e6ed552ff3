"""Lets through what the evidence carries, and nothing else."""

from apps.assistant.checking.check import check as check
from apps.assistant.checking.check import faults as faults
from apps.assistant.checking.clean import cited as cited
from apps.assistant.checking.clean import commands as commands
