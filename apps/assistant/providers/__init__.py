"""The servers on which language models run, and the writers that they make. LangChain stays in here."""
