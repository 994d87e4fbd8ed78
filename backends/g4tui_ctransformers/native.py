"""The one module that imports ctransformers; only ever in a worker process."""

import ctypes
import platform
import sys
from collections.abc import Sequence
from pathlib import Path

from ctransformers import LLM, Config

from g4tui.core import G4tuiError

_LONGEST_WORD = 4096


class Model:
    """A loaded model behind ctransformers' C functions, whose Python wrappers overflow."""

    def __init__(self, path: Path, kind: str, context: int, threads: int, lib: str) -> None:
        config = Config(context_length=context, threads=threads, mmap=True)
        try:
            self._llm = LLM(str(path), kind, config=config, lib=lib or _library())
        except (OSError, RuntimeError, ValueError) as error:
            raise G4tuiError(
                "model",
                f"ctransformers cannot load {path.name}",
                f"{error}",
                "Get the file again, or the same model as GGUF for llama-cpp.",
            ) from error
        self._all_threads = self._threads = threads
        self._logits_type = ctypes.c_float * self._llm.ctransformers_llm_vocab_size()
        self.context: int = self._llm.ctransformers_llm_context_length()
        self.vocabulary: int = self._llm.ctransformers_llm_vocab_size()
        self.bos: int = self._llm.ctransformers_llm_bos_token_id()
        self.architecture: str = self._llm.ctransformers_llm_architecture().decode()

    def tokenize(self, text: bytes, *, bos: bool = False) -> list[int]:
        """Ids of a text; no token is shorter than a byte, and few more are ever put in."""
        if not text:
            return [self.bos] if bos else []
        ids = (ctypes.c_int * (4 * len(text) + 64))()
        count = self._llm.ctransformers_llm_tokenize(text, bos, ids)
        return list(ids[:count])

    def piece(self, token: int) -> bytes:
        """The bytes of one token."""
        found: bytes = self._llm.ctransformers_llm_detokenize(token)
        return found[:_LONGEST_WORD]

    def is_end(self, token: int) -> bool:
        """Whether the model ends its answer with it."""
        return bool(self._llm.ctransformers_llm_is_eos_token(token))

    def use_threads(self, count: int | None) -> None:
        """At most so many from the next evaluation on; `None`: as many as at first."""
        self._threads = self._all_threads if count is None else min(count, self._all_threads)

    def evaluate(self, ids: Sequence[int], past: int) -> None:
        """Have the model read `ids` behind `past` tokens. Raises `G4tuiError`."""
        count = len(ids)
        array = (ctypes.c_int * count)(*ids)
        if not self._llm.ctransformers_llm_batch_eval(array, count, past, count, self._threads):
            raise G4tuiError(
                "model",
                "The model could not be evaluated",
                f"ctransformers gave up at token {past}.",
                "Try again; should it stay so, the file does not fit ctransformers.",
            )

    def sample(
        self,
        recent: Sequence[int],
        top_k: int,
        top_p: float,
        temperature: float,
        penalty: float,
        seed: int,
    ) -> int:
        """The next token; `top_k` is between 1 and the vocabulary, `temperature` above 0."""
        array = (ctypes.c_int * len(recent))(*recent)
        token: int = self._llm.ctransformers_llm_sample(
            array, len(recent), top_k, top_p, temperature, penalty, seed
        )
        return token

    def logits(self) -> list[float]:
        """What the last token says of the next one: a number for each word."""
        size = self._llm.ctransformers_llm_logits_size()
        pointer = self._llm.ctransformers_llm_logits_data()
        if size < self.vocabulary or not pointer:
            raise G4tuiError("internal", "The model gave no scores", f"{size} numbers came.")
        address = ctypes.addressof(pointer.contents) + 4 * (size - self.vocabulary)
        return list(self._logits_type.from_address(address))


def _library() -> str | None:
    """The build for this processor; `None` lets ctransformers ask, which takes it a second."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return None
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return None
    flags = next((set(line.split()) for line in lines if line.startswith("flags")), set())
    if {"avx2", "fma", "f16c"} <= flags:
        return "avx2"
    return "avx" if {"avx", "f16c"} <= flags else "basic"
