"""Keeps the model servers of this machine as the database wants them."""
