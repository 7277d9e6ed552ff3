"""MLflow's records in the portal's own tables: what pages, search and rights read."""
