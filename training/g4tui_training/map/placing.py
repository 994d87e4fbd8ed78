"""From texts to places: vectors of a model, or of words; then two dimensions by t-SNE."""

import asyncio
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA
from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
from sklearn.manifold import TSNE
from sklearn.preprocessing import normalize
from sklearn.utils.extmath import randomized_svd

from g4tui.core import parse_model
from g4tui_training.models import opened_models

Floats = NDArray[np.float64]
# A text's beginning says what it is about.
MOST_CHARACTERS = 2_000
_FEATURES, _DIMENSIONS, _FEW = 1 << 18, 50, 10
# Vectors that differ by no more are the same, but for rounding.
_DUST = 1e-6


def placed(texts: Sequence[str], model: str, seed: int) -> list[list[float]]:
    """(rows, 2): each text's place, by a model's vectors, or by its words where there is none."""
    heads = [text[:MOST_CHARACTERS] or " " for text in texts]
    vectors = model_vectors(heads, model, seed) if model else word_vectors(heads, seed)
    listed: list[list[float]] = places(vectors, seed).tolist()
    return listed


def word_vectors(texts: Sequence[str], seed: int) -> Floats:
    """(rows, up to 50): hashed words and pairs of words, TF-IDF, SVD.

    What a single text says makes it like no other, and is left out.
    """
    hashing = HashingVectorizer(n_features=_FEATURES, ngram_range=(1, 2), alternate_sign=False)
    said = hashing.transform(texts)
    said = said[:, np.flatnonzero(said.getnnz(axis=0) > 1)]
    dimensions = min(_DIMENSIONS, len(texts) - 1, said.shape[1])
    if dimensions == 0:
        return np.zeros((len(texts), 1))
    weighed = TfidfTransformer(sublinear_tf=True).fit_transform(said)
    found, sizes, _ = randomized_svd(weighed, dimensions, n_iter=5, random_state=seed)
    return np.asarray(normalize(found * sizes), dtype=np.float64)


def model_vectors(texts: Sequence[str], model: str, seed: int) -> Floats:
    """(rows, up to 50): what a local model makes of each text. Raises `G4tuiError`."""
    vectors = np.asarray(asyncio.run(_embedded(texts, model)), dtype=np.float64)
    centred = normalize(vectors - vectors.mean(axis=0))
    dimensions = min(_DIMENSIONS, *centred.shape)
    return np.asarray(PCA(dimensions, random_state=seed).fit_transform(centred), dtype=np.float64)


async def _embedded(texts: Sequence[str], model: str) -> list[list[float]]:
    spec = parse_model(model)
    async with opened_models(spec) as models:
        opened = await models.runtime.opened(spec)
        return await opened.embed(texts)


def places(vectors: Floats, seed: int) -> Floats:
    """(rows, 2), each coordinate within 0 and 1."""
    if np.ptp(vectors, axis=0).max() < _DUST:  # t-SNE divides by it, and crashes
        return np.full((len(vectors), 2), 0.5)
    if len(vectors) < _FEW:
        flat = np.zeros((len(vectors), 2))
        width = min(2, vectors.shape[1])
        flat[:, :width] = vectors[:, :width]
    else:
        flat = TSNE(
            2,
            perplexity=min(30.0, (len(vectors) - 1) / 3),
            init="pca",
            max_iter=500,
            random_state=seed,
            n_jobs=-1,
        ).fit_transform(vectors)
    low, high = flat.min(axis=0), flat.max(axis=0)
    spread = np.where(high > low, high - low, 1.0)
    return np.asarray(np.where(high > low, (flat - low) / spread, 0.5), dtype=np.float64)
