"""`/mlflow`: MLflow's REST for any MLflow client, behind the portal's tokens and roles."""

from apps.models.proxy.app import application

__all__ = ["application"]
