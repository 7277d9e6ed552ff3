"""The bench in the product: questions over scripted workspaces, and how well they are answered."""
