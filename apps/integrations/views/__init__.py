"""The pages under /connections/, and the door for webhooks under /hooks/."""
