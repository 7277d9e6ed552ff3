"""The data plane: its own process and port, outside Django's middleware."""
