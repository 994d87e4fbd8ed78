"""Evaluating tokens, and the memory of what was evaluated."""

import ctypes
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import llama_cpp.llama_cpp as lib

from g4tui_llama_cpp.crew import Crew
from g4tui_llama_cpp.native.library import AbortFlag, captured_errors
from g4tui_llama_cpp.native.model import Model

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KV_TYPES = {"f16": lib.GGML_TYPE_F16, "q8_0": lib.GGML_TYPE_Q8_0}
# What `Context.decode` gives.
DECODED, NO_SLOT, ABORTED = 0, 1, 2


class Context:
    """Room to evaluate one sequence. `handle` is 0 when there was not enough memory.

    `n_ctx` is the size in tokens, a little more than asked for at times.
    """

    def __init__(
        self,
        model: Model,
        *,
        n_ctx: int,
        batch_size: int,
        crew: Crew,
        kv_type: str,
        flash_attention: bool | Literal["auto"],
        abort: AbortFlag,
    ) -> None:
        params = lib.llama_context_default_params()
        params.n_ctx = n_ctx
        params.n_batch = params.n_ubatch = batch_size
        self._crew, self._threads = crew, crew.count
        params.n_threads = params.n_threads_batch = self._threads
        params.type_k = params.type_v = KV_TYPES[kv_type]
        if flash_attention != "auto":
            params.flash_attn_type = int(flash_attention)
        params.abort_callback = abort.callback
        params.abort_callback_data = abort.data
        self._abort = abort
        self._model = model
        with captured_errors() as self.errors:
            self.handle = lib.llama_init_from_model(model.handle, params) or 0
        self.batch_size = batch_size
        if not self.handle:
            return
        self.n_ctx: int = lib.llama_n_ctx_seq(self.handle)
        self._memory = lib.llama_get_memory(self.handle)
        self._batch = lib.llama_batch_init(batch_size, 0, 1)
        for index in range(batch_size):
            self._batch.n_seq_id[index] = 1
            self._batch.seq_id[index][0] = 0

    def decode(
        self, tokens: Sequence[int], position: int, outputs: Literal["none", "last", "all"]
    ) -> int:
        """Evaluate at most `batch_size` tokens from `position` on.

        Gives `DECODED`, `NO_SLOT`, `ABORTED` or a negative number.
        """
        if (count := self._crew.count) != self._threads:
            lib.llama_set_n_threads(self.handle, count, count)
            self._threads = count
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = position + index
            batch.logits[index] = outputs == "all"
        if outputs == "last":
            batch.logits[len(tokens) - 1] = 1
        result: int = lib.llama_decode(self.handle, batch)
        return result

    def logits(self, rows: int) -> "npt.NDArray[np.float32]":
        """Outputs of the last `decode`, shape (rows, n_vocab); valid until the next one."""
        import numpy as np

        pointer = lib.llama_get_logits(self.handle)
        return np.ctypeslib.as_array(pointer, shape=(rows, self._model.n_vocab))

    def give_vectors(self, wanted: bool) -> None:
        """Have `decode` give the last layer's vectors beside the logits, or stop that."""
        lib.llama_set_embeddings(self.handle, wanted)

    def vectors(self, rows: int) -> "npt.NDArray[np.float32]":
        """Vectors of the last `decode`, shape (rows, n_embd), one row where the model pools."""
        import numpy as np

        size = lib.llama_model_n_embd_out(self._model.handle)
        if lib.llama_pooling_type(self.handle) == lib.LLAMA_POOLING_TYPE_NONE:
            pointer = lib.llama_get_embeddings(self.handle)
        else:
            pointer, rows = lib.llama_get_embeddings_seq(self.handle, 0), 1
        return np.ctypeslib.as_array(pointer, shape=(rows, size))

    def keep(self, count: int) -> bool:
        """Forget all but the first `count` tokens; false when this model cannot (recurrent)."""
        if count == 0:
            lib.llama_memory_clear(self._memory, False)
            return True
        return bool(lib.llama_memory_seq_rm(self._memory, 0, count, -1))

    def evaluated(self) -> int:
        """How many tokens are held, as llama.cpp counts."""
        last: int = lib.llama_memory_seq_pos_max(self._memory, 0)
        return last + 1

    def set_adapters(self, handles: Sequence[int]) -> bool:
        """Apply these LoRAs, at full strength, and no others."""
        count = len(handles)
        pointers = (lib.llama_adapter_lora_p_ctypes * max(count, 1))(*handles)
        scales = (ctypes.c_float * max(count, 1))(*[1.0] * count)
        return bool(lib.llama_set_adapters_lora(self.handle, pointers, count, scales) == 0)

    def save(self, path: Path, tokens: Sequence[int]) -> int:
        """Write what is held to a file; its size in bytes, 0 when that failed."""
        array = (ctypes.c_int32 * len(tokens))(*tokens)
        name = os.fsencode(path)
        size: int = lib.llama_state_seq_save_file(self.handle, name, 0, array, len(tokens))
        return size

    def load(self, path: Path, capacity: int) -> list[int] | None:
        """Take over what a file holds; its tokens, or `None` when llama.cpp refused it."""
        array = (ctypes.c_int32 * capacity)()
        count = ctypes.c_size_t(0)
        size = lib.llama_state_seq_load_file(
            self.handle, os.fsencode(path), 0, array, capacity, ctypes.byref(count)
        )
        return array[: count.value] if size else None

    def close(self) -> None:
        """Free the context."""
        if self.handle:
            lib.llama_batch_free(self._batch)
            lib.llama_free(self.handle)
        self.handle = 0
