"""The pages under /models/, by topic."""
