"""The pages of deployments, by topic."""
