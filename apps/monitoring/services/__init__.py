"""What changes in monitoring, by topic."""

from apps.monitoring.services.baselines import baseline_from as baseline_from
from apps.monitoring.services.baselines import baseline_from_file as baseline_from_file
from apps.monitoring.services.baselines import baseline_from_rows as baseline_from_rows
from apps.monitoring.services.baselines import baseline_from_run as baseline_from_run
from apps.monitoring.services.baselines import baseline_from_window as baseline_from_window
from apps.monitoring.services.baselines import create_baseline as create_baseline
from apps.monitoring.services.baselines import rolling_baseline as rolling_baseline
from apps.monitoring.services.judging import judge as judge
from apps.monitoring.services.mismatches import fire_for_mismatches as fire_for_mismatches
from apps.monitoring.services.mismatches import resolve_for_mismatches as resolve_for_mismatches
from apps.monitoring.services.monitors import create_monitor as create_monitor
from apps.monitoring.services.monitors import look_now as look_now
from apps.monitoring.services.monitors import postpone as postpone
