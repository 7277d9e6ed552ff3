"""The names that judging uses; the package is `profiling`."""

from apps.monitoring.profiling.profiles import Profile as Profile
from apps.monitoring.profiling.profiles import Type as Type
from apps.monitoring.profiling.values import profile as profile
