"""On call: who answers now, whom an incident pages next, and how the messages leave."""
