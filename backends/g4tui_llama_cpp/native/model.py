"""Weights and their vocabulary."""

import codecs
import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import llama_cpp.llama_cpp as lib

from g4tui_llama_cpp.native.library import captured_errors

_CONTROL = lib.LLAMA_TOKEN_ATTR_UNKNOWN | lib.LLAMA_TOKEN_ATTR_CONTROL


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
