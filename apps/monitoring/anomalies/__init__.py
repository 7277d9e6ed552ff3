"""Causal anomaly scores of one series of numbers. No Django, no database: it also runs by itself.

A score is in 0 to 1 and says how far the newest value stands out of everything before it; at
`THRESHOLD` it is an alarm.
"""

from apps.monitoring.anomalies.detector import THRESHOLD as THRESHOLD
from apps.monitoring.anomalies.detector import Detector as Detector
from apps.monitoring.anomalies.spans import Scores as Scores
from apps.monitoring.anomalies.spans import Span as Span
from apps.monitoring.anomalies.spans import score as score
