"""The answer in sentences without a language model: the evidence speaks for itself."""

from apps.assistant.wording.answer import word as word
