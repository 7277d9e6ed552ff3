"""Conversations: questions on their way, and what becomes of their answers."""
