"""What a model makes of a given text: log-probabilities, and a vector."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from g4tui.core import G4tuiError
from g4tui_llama_cpp import native
from g4tui_llama_cpp.loaded import Loaded

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def score(loaded: Loaded, ids: Sequence[int], start: int, context: int) -> list[float]:
    """Natural log-probabilities of `ids[start:]`, each given all before it.

    Raises `G4tuiError` of kind `context` for more ids than the context holds, `usage` for a start
    or an id out of range.
    """
    if not 1 <= start <= len(ids):
        raise G4tuiError("usage", "There is nothing to score", f"start is {start} of {len(ids)}.")
    if not all(0 <= token < loaded.model.n_vocab for token in ids):
        raise G4tuiError("usage", "An id is not in the model's vocabulary")
    if len(ids) > context:
        raise G4tuiError(
            "context",
            "The text is longer than the model's context",
            f"It has {len(ids):,} tokens; the context holds {context:,}.",
            "Cut it, or load the model with a larger context.",
        )
    result: list[float] = []
    for first, count in _evaluated(loaded, ids[:-1], start - 1):
        rows = loaded.context.logits(count)
        skip = max(start - 1 - first, 0)
        result += _log_probabilities(rows[skip:], ids[first + skip + 1 : first + count + 1])
    return result


def _log_probabilities(rows: "npt.NDArray[np.float32]", targets: Sequence[int]) -> list[float]:
    import numpy as np

    highest = rows.max(axis=1)
    total = np.exp(rows - highest[:, None]).sum(axis=1, dtype=np.float64)
    chosen = rows[np.arange(len(targets)), np.asarray(targets)].astype(np.float64)
    values: list[float] = (chosen - highest - np.log(total)).tolist()
    return values


def mean_vectors(loaded: Loaded, texts: Sequence[str], context: int) -> list[list[float]]:
    """A vector a text: the mean over its tokens' vectors of the last layer, of length 1.

    What lies beyond the context is not seen.
    """
    import numpy as np

    model, vectors = loaded.model, []
    for text in texts:
        ids = model.tokenize(text, special=False)
        if (model.adds_bos or not ids) and model.bos is not None:
            ids.insert(0, model.bos)
        total = np.zeros(1, dtype=np.float64)
        loaded.context.give_vectors(True)
        try:
            for _, count in _evaluated(loaded, ids[:context], 0):
                total = total + loaded.context.vectors(count).sum(axis=0, dtype=np.float64)
        finally:
            loaded.context.give_vectors(False)
        length = float(np.linalg.norm(total)) or 1.0
        vectors.append([float(value) for value in total / length])
    return vectors


def _evaluated(loaded: Loaded, ids: Sequence[int], wanted: int) -> Iterator[tuple[int, int]]:
    """Evaluate a text of its own; gives (first, count) of each batch with outputs.

    Outputs are wanted from position `wanted` on. The conversation is saved before and evaluated
    (or read) anew after.
    """
    held, context = loaded.held, loaded.context
    held.save()
    held.clear()
    loaded.abort.clear()
    try:
        for first in range(0, len(ids), context.batch_size):
            batch = ids[first : first + context.batch_size]
            needed = first + len(batch) > wanted
            outputs: Literal["all", "none"] = "all" if needed else "none"
            result = context.decode(batch, first, outputs)
            if result != native.DECODED:
                raise G4tuiError(
                    "internal", "llama.cpp could not evaluate the text", f"It gave {result}."
                )
            if needed:
                yield first, len(batch)
    finally:
        held.clear()
