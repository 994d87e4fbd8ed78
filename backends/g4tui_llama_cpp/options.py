"""What `[backends.llama-cpp]` may say."""

from typing import Annotated, Literal

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]


class LlamaCppOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of the llama.cpp backend.

    `threads`: for prompt and answer alike; the host's share by default. `context`: tokens to load
    with where the model's name asks for none; capped by what the model was trained for.
    `gpu_layers`: how many to put on a GPU, `auto` is all where the build has one. `batch_size`:
    tokens evaluated between two looks at the stop key; 128 on the CPU and 512 on a GPU by default.
    `kv_cache`: keep a conversation's evaluated prompt on disk, so that it reopens at once.
    `kv_type`: precision of that cache; `q8_0` halves it and needs flash attention.
    `chat_template`: `auto` is the model's own; the others are formats by name, for models without
    one or with a broken one.
    """

    threads: Positive | None = None
    context: Positive = 4096
    gpu_layers: Annotated[int, msgspec.Meta(ge=0)] | Literal["auto"] = "auto"
    batch_size: Annotated[int, msgspec.Meta(ge=16, le=2048)] | None = None
    kv_cache: bool = True
    kv_type: Literal["f16", "q8_0"] = "f16"
    flash_attention: bool | Literal["auto"] = "auto"
    chat_template: Literal["auto", "chatml", "plain"] = "auto"
