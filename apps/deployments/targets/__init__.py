"""Where a deployment runs, if not on this machine: its connection, asked by what a release means."""

from apps.deployments.targets.comparing import Difference, compare
from apps.deployments.targets.target import Target, changes, of
from apps.deployments.targets.workloads import name_of, workload

__all__ = ["Difference", "Target", "changes", "compare", "name_of", "of", "workload"]
