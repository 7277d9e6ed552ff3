"""The tables of monitoring, by topic."""

from apps.monitoring.models.alerts import Alert as Alert
from apps.monitoring.models.alerts import AlertQuerySet as AlertQuerySet
from apps.monitoring.models.alerts import Notification as Notification
from apps.monitoring.models.alerts import NotificationQuerySet as NotificationQuerySet
from apps.monitoring.models.alerts import Route as Route
from apps.monitoring.models.alerts import Silence as Silence
from apps.monitoring.models.baselines import Baseline as Baseline
from apps.monitoring.models.baselines import Upstream as Upstream
from apps.monitoring.models.monitors import Measurement as Measurement
from apps.monitoring.models.monitors import Monitor as Monitor
from apps.monitoring.models.monitors import MonitorQuerySet as MonitorQuerySet
from apps.monitoring.models.monitors import Severity as Severity
from apps.monitoring.models.monitors import Verdict as Verdict
from apps.monitoring.models.slos import Slo as Slo
from apps.monitoring.models.slos import SloBucket as SloBucket
