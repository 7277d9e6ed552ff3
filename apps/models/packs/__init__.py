"""The evidence pack: one signed archive with everything an auditor asks about a version."""
