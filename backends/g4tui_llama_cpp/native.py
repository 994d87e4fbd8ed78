"""The one module that touches llama.cpp: its functions with Python's types, and nothing more.

Objects here own native memory and must be closed by hand, contexts and samplers before their
model. Nothing checks a closed handle: the callers are few and keep the order.
"""

import codecs
import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import llama_cpp.llama_cpp as lib

from g4tui_llama_cpp.crew import Crew

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

KV_TYPES = {"f16": lib.GGML_TYPE_F16, "q8_0": lib.GGML_TYPE_Q8_0}
DECODED, NO_SLOT, ABORTED = 0, 1, 2
_CONTROL = lib.LLAMA_TOKEN_ATTR_UNKNOWN | lib.LLAMA_TOKEN_ATTR_CONTROL
# As in ggml.h; the comments of llama-cpp-python count otherwise.
_LOG_DEBUG, _LOG_ERROR = 1, 4
_STDERR = 2


def build() -> str:
    """What identifies the library: a saved KV cache is only good for the same one."""
    version, system = lib.llama_version(), lib.llama_print_system_info()
    return f"{version.decode()} {system.decode()}"


def has_gpu() -> bool:
    """Whether this build of llama.cpp can put layers on a GPU."""
    return bool(lib.llama_supports_gpu_offload())


def _write(level: int, text: bytes, _data: object) -> None:
    if level != _LOG_DEBUG:
        os.write(_STDERR, text)


# What llama.cpp writes by itself has hundreds of lines about its graphs; a log that is looked at
# after a crash should end with what matters. It may log at any time, so this is never freed.
_TO_STDERR = lib.llama_log_callback(_write)


@contextmanager
def captured_errors() -> Iterator[list[str]]:
    """Within: errors that llama.cpp logs also go into the list given."""
    errors: list[str] = []

    def write(level: int, text: bytes, data: object) -> None:
        _write(level, text, data)
        if level == _LOG_ERROR:
            errors.append(text.decode("utf-8", "replace").strip())

    callback = lib.llama_log_callback(write)
    lib.llama_log_set(callback, None)
    try:
        yield errors
    finally:
        lib.llama_log_set(_TO_STDERR, None)


class AbortFlag:
    """Ends a running `Context.decode`, set from any thread.

    llama.cpp asks its abort callback after every node of the graph, a thousand times a token. A
    callback into Python would cost more than the token, so it is C's own `strlen` over a buffer
    that holds an empty string, or one character once we want to stop.
    """

    def __init__(self) -> None:
        self._buffer = ctypes.create_string_buffer(2)
        strlen = (ctypes.CDLL("msvcrt") if os.name == "nt" else ctypes.CDLL(None)).strlen
        address = ctypes.cast(strlen, ctypes.c_void_p).value
        self.callback = lib.ggml_abort_callback(address)
        self.data = ctypes.cast(self._buffer, ctypes.c_void_p)

    def set(self) -> None:
        """Stop what runs."""
        self._buffer[0] = b"\x01"

    def clear(self) -> None:
        """Let the next evaluation run."""
        self._buffer[0] = b"\x00"


class Model:
    """Loaded weights and their vocabulary. `handle` is 0 when it could not be loaded."""

    def __init__(self, path: Path, gpu_layers: int, progress: Callable[[float], None]) -> None:
        lib.llama_backend_init()
        params = lib.llama_model_default_params()
        params.n_gpu_layers = gpu_layers

        def report(done: float, _data: object) -> bool:
            progress(done)
            return True

        params.progress_callback = lib.llama_progress_callback(report)
        with captured_errors() as self.errors:
            self.handle = lib.llama_model_load_from_file(os.fsencode(path), params) or 0
        self.vocab = lib.llama_model_get_vocab(self.handle) if self.handle else 0
        self.n_vocab: int = lib.llama_vocab_n_tokens(self.vocab) if self.handle else 0
        self._control: dict[int, bool] = {}

    def meta(self, key: str) -> str | None:
        """A value of the file's metadata as text; arrays are not given."""
        size = 256
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = lib.llama_model_meta_val_str(self.handle, key.encode(), buffer, size)
            if length < 0:
                return None
            if length < size:
                return buffer.value.decode("utf-8", "replace")
            size = length + 1

    @property
    def parameters(self) -> int:
        """How many numbers the weights are."""
        count: int = lib.llama_model_n_params(self.handle)
        return count

    @property
    def can_chat(self) -> bool:
        """Whether it writes on from a text; encoders and diffusion models do not."""
        return bool(
            lib.llama_model_has_decoder(self.handle)
            and not lib.llama_model_has_encoder(self.handle)
            and not lib.llama_model_is_diffusion(self.handle)
        )

    def chat_template(self) -> str | None:
        """The Jinja source that the file carries."""
        source = lib.llama_model_chat_template(self.handle, None)
        return source.decode("utf-8", "replace") if source else None

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Token ids; `special` turns a control token's text into that token."""
        # A lone surrogate as UTF-8 would make llama.cpp throw through C, which ends the process.
        data = text.encode("utf-8", "replace")
        capacity = len(data) + 2
        while True:
            buffer = (ctypes.c_int32 * capacity)()
            count = lib.llama_tokenize(
                self.vocab, data, len(data), buffer, capacity, False, special
            )
            if count >= 0:
                return buffer[:count]
            capacity = -count

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token, not always whole characters; control tokens are empty."""
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = lib.llama_token_to_piece(self.vocab, token, buffer, size, 0, special)
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def is_control(self, token: int) -> bool:
        """Whether text becomes this token only when special tokens are recognised."""
        known = self._control.get(token)
        if known is None:
            known = bool(lib.llama_vocab_get_attr(self.vocab, token) & _CONTROL)
            self._control[token] = known
        return known

    def is_end(self, token: int) -> bool:
        """Whether the token ends an answer."""
        return bool(lib.llama_vocab_is_eog(self.vocab, token))

    @property
    def bos(self) -> int | None:
        """The token that begins a text, or `None` without one."""
        token: int = lib.llama_vocab_bos(self.vocab)
        return token if token >= 0 else None

    @property
    def eos(self) -> int | None:
        """The token that ends a text, or `None` without one."""
        token: int = lib.llama_vocab_eos(self.vocab)
        return token if token >= 0 else None

    @property
    def adds_bos(self) -> bool:
        """Whether the vocabulary asks for `bos` before every text."""
        return bool(lib.llama_vocab_get_add_bos(self.vocab))

    def text(self, tokens: Sequence[int]) -> str:
        """The text of many tokens, an incomplete last character left out."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        return decoder.decode(b"".join(self.piece(token) for token in tokens))

    def load_adapter(self, path: Path) -> tuple[int, list[str]]:
        """A LoRA's handle, or 0 and what llama.cpp said. Freed with the model.

        Contexts made before do not know how much room it needs: make a new one.
        """
        with captured_errors() as errors:
            handle = lib.llama_adapter_lora_init(self.handle, os.fsencode(path))
        return handle or 0, errors

    def close(self) -> None:
        """Free the weights and every adapter."""
        if self.handle:
            lib.llama_model_free(self.handle)
        self.handle = 0


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


class Sampler:
    """llama.cpp's sampler chain, made of the steps added in order."""

    def __init__(self, model: Model) -> None:
        self._n_vocab = model.n_vocab
        self._chain = lib.llama_sampler_chain_init(lib.llama_sampler_chain_default_params())

    def _add(self, step: int) -> None:
        lib.llama_sampler_chain_add(self._chain, step)

    def penalties(self, last: int, repeat: float, frequency: float, presence: float) -> None:
        """Make tokens of the last `last` ones less likely."""
        self._add(
            lib.llama_sampler_init_penalties(self._n_vocab, last, repeat, frequency, presence)
        )

    def top_k(self, k: int) -> None:
        """Keep the `k` likeliest tokens."""
        self._add(lib.llama_sampler_init_top_k(k))

    def top_p(self, p: float) -> None:
        """Keep the likeliest tokens that make up `p` together."""
        self._add(lib.llama_sampler_init_top_p(p, 1))

    def min_p(self, p: float) -> None:
        """Keep tokens with at least `p` times the likelihood of the likeliest."""
        self._add(lib.llama_sampler_init_min_p(p, 1))

    def temperature(self, temperature: float) -> None:
        """Divide the logits."""
        self._add(lib.llama_sampler_init_temp(temperature))

    def draw(self, seed: int) -> None:
        """Choose at random; the last step."""
        self._add(lib.llama_sampler_init_dist(seed))

    def likeliest(self) -> None:
        """Choose the likeliest; the last step."""
        self._add(lib.llama_sampler_init_greedy())

    def accept(self, token: int) -> None:
        """Count a token as said."""
        lib.llama_sampler_accept(self._chain, token)

    def sample(self, context: Context) -> int:
        """Choose (and accept) a token from the last output."""
        token: int = lib.llama_sampler_sample(self._chain, context.handle, -1)
        return token

    def close(self) -> None:
        """Free the chain and its steps."""
        lib.llama_sampler_free(self._chain)
