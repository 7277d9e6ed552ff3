"""An Ollama server for tests, written from Ollama's API description."""

from tests.assistant.ollama.server import Ollama as Ollama
from tests.assistant.ollama.server import Script as Script
