import os
import warnings

# As the runner starts a model server: one thread for OpenMP, told before scikit-learn is imported.
os.environ.setdefault("OMP_NUM_THREADS", "1")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of its own type hints, at its first import
    import mlflow.pyfunc

assert mlflow.pyfunc
