"""Language models small enough for a test, in the file that llama.cpp reads: one babbles, one recites."""

from __future__ import annotations

import string
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[np.float32]]
Tensors = dict[str, Numbers]

ALIGNMENT = 32
HEADS, WIDE = 4, 64  # wide: what stands between the two layers of a block
EPSILON = 1e-5
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6  # kinds of tokens
UNK, START, END = range(3)
SPACE = "\u2581"
TEMPLATE = (
    "{% for message in messages %}{{ message['role'] }}: {{ message['content'] }}\n{% endfor %}"
    "{% if add_generation_prompt %}assistant:{% endif %}"
)


@dataclass(frozen=True)
class Model:
    """A vocabulary with the weights of a llama of one block."""

    name: str
    window: int
    pieces: Sequence[str]
    tensors: Tensors = field(repr=False)

    def write(self, path: Path) -> Path:
        """Write it as GGUF, version 3: header, what is known of it, tensors and their numbers."""
        known = dict(self._known())
        offsets, at = {}, 0
        for name, tensor in self.tensors.items():
            offsets[name], at = at, at + _padded(tensor.nbytes)
        head = b"GGUF" + struct.pack("<IQQ", 3, len(self.tensors), len(known))
        head += b"".join(_text(name) + _value(value) for name, value in known.items())
        head += b"".join(_placed(n, t, offsets[n]) for n, t in self.tensors.items())
        with path.open("wb") as file:
            file.write(head.ljust(_padded(len(head)), b"\0"))
            for tensor in self.tensors.values():
                file.write(tensor.tobytes().ljust(_padded(tensor.nbytes), b"\0"))
        return path

    def _known(self) -> Iterator[tuple[str, Any]]:
        width = self.tensors["token_embd.weight"].shape[1]
        yield "general.architecture", "llama"
        yield "general.name", self.name
        yield "llama.context_length", self.window
        yield "llama.embedding_length", width
        yield "llama.block_count", 1
        yield "llama.feed_forward_length", WIDE
        yield "llama.attention.head_count", HEADS
        yield "llama.attention.layer_norm_rms_epsilon", EPSILON
        yield "llama.rope.dimension_count", width // HEADS
        yield "tokenizer.ggml.model", "llama"
        yield "tokenizer.ggml.tokens", vocabulary(self.pieces)
        yield "tokenizer.ggml.scores", _scores(self.pieces)
        yield "tokenizer.ggml.token_type", _kinds(self.pieces)
        yield "tokenizer.ggml.unknown_token_id", UNK
        yield "tokenizer.ggml.bos_token_id", START
        yield "tokenizer.ggml.eos_token_id", END
        yield "tokenizer.chat_template", TEMPLATE


def babbling(words: Sequence[str], *, seed: int, window: int, width: int = 64) -> Model:
    """Random weights: a model that says these words in an order without sense, for as long as it may."""
    rng = np.random.default_rng(seed)
    pieces = [f"{SPACE}{word}" for word in dict.fromkeys(words)]
    count = len(vocabulary(pieces))

    def noise(*shape: int) -> Numbers:
        return rng.standard_normal(shape).astype(np.float32)

    said = noise(count, width)
    said[: count - len(pieces)] = 0.0
    return Model("babbling", window, pieces, _tensors(noise(count, width), said, noise))


def reciting(*speeches: Sequence[str], window: int) -> Model:
    """Whatever it is asked it says the first speech, or the first one that a grammar lets it say.

    Each piece is a token of its own, so no two may be the same.
    """
    spoken = [piece.replace(" ", SPACE) for speech in speeches for piece in speech]
    count = len(vocabulary(spoken))
    first = count - len(spoken)
    shape = (count, _padded(len(spoken) + 1))
    heard, said = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    heard[:first, 0] = 1.0  # what is asked is all the same to it
    at = 0
    for number, speech in enumerate(speeches):
        said[first + at, 0] = 1.0 - number / 10
        for _ in speech:
            heard[first + at, at + 1] = 1.0
            said[min(first + at + 1, count - 1), at + 1] = 1.0
            at += 1
        said[:, at] = 0.0
        said[END, at] = 1.0
    return Model("reciting", window, spoken, _tensors(heard, said, _nothing))


def _nothing(*shape: int) -> Numbers:
    return np.zeros(shape, np.float32)


def vocabulary(pieces: Sequence[str]) -> list[str]:
    """Marks, bytes, letters, and then the pieces; no two of them are the same."""
    letters = [each for each in string.printable.strip() + SPACE if each not in pieces]
    marks = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    return [*marks, *letters, *pieces]


def _kinds(pieces: Sequence[str]) -> list[int]:
    rest = len(vocabulary(pieces)) - 259
    return [UNKNOWN, CONTROL, CONTROL, *[BYTE] * 256, *[NORMAL] * rest]


def _scores(pieces: Sequence[str]) -> list[float]:
    """A tokenizer prefers the higher one: pieces before letters."""
    others = len(vocabulary(pieces)) - len(pieces)
    return [*[-1000.0] * others, *(-float(at) for at in range(1, len(pieces) + 1))]


def _tensors(heard: Any, said: Any, made: Any) -> Tensors:
    width = heard.shape[1]
    one = np.ones(width, np.float32)
    block = {
        "attn_norm": one,
        "attn_q": made(width, width),
        "attn_k": made(width, width),
        "attn_v": made(width, width),
        "attn_output": made(width, width),
        "ffn_norm": one,
        "ffn_gate": made(WIDE, width),
        "ffn_up": made(WIDE, width),
        "ffn_down": made(width, WIDE),
    }
    return {
        "token_embd.weight": heard,
        "output_norm.weight": one,
        "output.weight": said,
        **{f"blk.0.{name}.weight": tensor for name, tensor in block.items()},
    }


def _padded(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def _text(text: str) -> bytes:
    data = text.encode()
    return struct.pack("<Q", len(data)) + data


def _value(value: Any) -> bytes:
    """A value with the number of its type before it: 4 and 5 are integers, 6 a fraction, 8 text, 9 a list."""
    match value:
        case str():
            return struct.pack("<I", 8) + _text(value)
        case float():
            return struct.pack("<If", 6, value)
        case int():
            return struct.pack("<II", 4, value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(_text, value))
        case [float(), *_]:
            return struct.pack(f"<IIQ{len(value)}f", 9, 6, len(value), *value)
        case _:
            return struct.pack(f"<IIQ{len(value)}i", 9, 5, len(value), *value)


def _placed(name: str, tensor: Any, offset: int) -> bytes:
    """Where a tensor is; its longest side is named last in numpy and first in GGUF."""
    sides = tensor.shape[::-1]
    shape = struct.pack(f"<I{len(sides)}Q", len(sides), *sides)
    return _text(name) + shape + struct.pack("<IQ", 0, offset)
