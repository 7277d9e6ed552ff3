"""The pages of one deployment: configuration, releases, size, logs, end."""
