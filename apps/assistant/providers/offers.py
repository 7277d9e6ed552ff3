"""Models that are one click away, with the memory that each needs."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

GB = 1024**3


@dataclass(frozen=True, slots=True)
class Offer:
    """A model of Ollama's library in its usual 4-bit form."""

    model: str
    title: str
    disk_gb: float
    memory_gb: float
    licence: str

    def fits(self, memory: int) -> bool:
        """Whether a machine with so many bytes can hold it."""
        return self.memory_gb * GB <= memory


OFFERS = (
    Offer("llama3.2:1b", "Llama 3.2 1B", 1.3, 2.5, "Llama 3.2 Community License"),
    Offer("qwen3:4b", "Qwen 3 4B", 2.6, 4.5, "Apache 2.0"),
    Offer("llama3.2:3b", "Llama 3.2 3B", 2.0, 4.0, "Llama 3.2 Community License"),
    Offer("mistral:7b", "Mistral 7B", 4.4, 7.0, "Apache 2.0"),
    Offer("llama2:7b", "Llama 2 7B", 3.8, 6.5, "Llama 2 Community License"),
    Offer("llama3.1:8b", "Llama 3.1 8B", 4.9, 8.0, "Llama 3.1 Community License"),
    Offer("llama2:13b", "Llama 2 13B", 7.4, 11.0, "Llama 2 Community License"),
    Offer("mixtral:8x7b", "Mixtral 8x7B", 26.0, 32.0, "Apache 2.0"),
    Offer("llama3.3:70b", "Llama 3.3 70B", 43.0, 50.0, "Llama 3.3 Community License"),
    Offer("mixtral:8x22b", "Mixtral 8x22B", 80.0, 90.0, "Apache 2.0"),
)


def memory_here() -> int:
    """The memory of this machine in bytes; Ollama may run on another."""
    return int(psutil.virtual_memory().total)


def needed(model: str) -> float | None:
    """The gigabytes that a model of the list needs."""
    return next((offer.memory_gb for offer in OFFERS if offer.model == model), None)
