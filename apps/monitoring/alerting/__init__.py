"""Alerts from anywhere: labels, matchers, Alertmanager's shapes, and the way in."""
