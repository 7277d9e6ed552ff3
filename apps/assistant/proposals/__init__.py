"""What the assistant may propose and a person decides. An approval runs the same service as the page does."""
