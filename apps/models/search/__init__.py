"""MLflow's filter strings and orders over the mirror's runs: words → tree → queries."""
