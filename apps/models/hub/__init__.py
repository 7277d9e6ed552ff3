"""Brings models in: from a hub or from a folder of this machine, each as one version, once."""
