"""From rows to profiles: one pass, mergeable, the same in process, under Spark and under Beam."""

from apps.monitoring.profiling.profiles import MOST_POINTS as MOST_POINTS
from apps.monitoring.profiling.profiles import Profile as Profile
from apps.monitoring.profiling.profiles import Type as Type
from apps.monitoring.profiling.summaries import Summary as Summary
from apps.monitoring.profiling.summaries import of_columns as of_columns
from apps.monitoring.profiling.summaries import of_table as of_table
