-- MLflow's own database beside the portal's.
CREATE DATABASE signalbox_mlflow;
