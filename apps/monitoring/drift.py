"""Compare profiles alone. A look compares rows: `verdicts.compare.compare(summary, summary)`."""

from apps.monitoring.verdicts.quantiles import Finding as Finding
from apps.monitoring.verdicts.quantiles import compare as compare
