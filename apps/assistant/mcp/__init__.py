"""The portal's read tools for other clients, over the Model Context Protocol."""
