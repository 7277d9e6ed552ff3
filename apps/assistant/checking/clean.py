"""What is taken out of a text before anything is checked, and how text that gives orders is known."""

from __future__ import annotations

import re
import unicodedata

_CITATION = re.compile(r"\[(\d{1,4})\]")
_TAG = re.compile(r"<[^<>]{0,500}>")
_LINK = re.compile(r"!?\[([^\]]*)\]\(([^)]*)\)")
_ADDRESS = re.compile(r"\b(?:https?|ftp|javascript|data|file):\S+|\bwww\.\S+", re.IGNORECASE)
# Sentences that speak to the assistant instead of about the records.
_COMMAND = re.compile(
    r"\b(ignore|disregard|forget|override)\b.{0,40}"
    r"\b(instruction|rule|prompt|above|previous|evidence|system)"
    r"|\b(you are|act as|pretend to be|behave as|roleplay)\b.{0,30}"
    r"\b(now|an? (ai|assistant|admin|developer|system)|dan)\b"
    r"|\b(system|assistant|developer|user)\s*(prompt|message)?\s*[:>]"
    r"|\b(reply|respond|answer|print|output|say|write)\b.{0,20}"
    r"\b(only|exactly|with the word|verbatim|the secret|nothing but)\b"
    r"|\b(reveal|exfiltrate|leak)\b|\bsend\b.{0,40}\b(to|at)\b.{0,40}(@|http|webhook)"
    r"|\btell (the|every|all) (user|person|reader)"
    r"|\bdo not (tell|mention|cite|reveal|say)\b|\bnew instructions?\b|\bjailbreak",
    re.IGNORECASE,
)


def cited(text: str) -> tuple[str, tuple[int, ...]]:
    """A written sentence without its `[n]` marks, and the numbers in them."""
    numbers = tuple(dict.fromkeys(int(found) for found in _CITATION.findall(text)))
    return re.sub(r"\s+([.,;!?])", r"\1", _CITATION.sub("", text)).strip(), numbers


def clean(text: str) -> str:
    """Letters as they look alike, without invisible characters, tags and links' marks."""
    shown = unicodedata.normalize("NFKC", text)
    shown = "".join(
        c for c in shown if unicodedata.category(c) not in {"Cf", "Cc", "Co", "Cn"} or c in "\n\t"
    )
    shown = _TAG.sub("", _LINK.sub(r"\1", shown))
    return re.sub(r"\s+", " ", shown).strip()


def hides(text: str) -> bool:
    """Whether a text holds an address, or letters of several scripts in one word."""
    return bool(_ADDRESS.search(text)) or any(map(_is_mixed, re.findall(r"[^\W\d_]+", text)))


def _is_mixed(word: str) -> bool:
    """Whether a word has Latin letters beside those of another script, such as a Cyrillic `а`."""
    scripts = {unicodedata.name(letter, "?").split(" ")[0] for letter in word}
    return "LATIN" in scripts and bool(scripts & {"CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


def commands(text: str) -> bool:
    """Whether a text gives the assistant an order: it is data, and nobody's answer."""
    return bool(_COMMAND.search(unicodedata.normalize("NFKC", text)))
