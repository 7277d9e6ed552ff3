"""Which records a question means, and which read tools to ask about them."""
