"""The pages of documents, by topic."""
