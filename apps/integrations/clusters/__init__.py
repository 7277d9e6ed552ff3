"""What the connectors to machines that run model servers share. No Django."""
