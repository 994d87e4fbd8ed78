"""Tiny model files, written byte by byte: small enough to damage thousands of times."""

import random
import struct
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

# gguf's numbers of value types and ggml's of number types.
U32, F32, BOOL, STRING, ARRAY, U64, I32 = 4, 6, 7, 8, 9, 10, 5
TYPE_F32, TYPE_F16 = 0, 1

Shape = tuple[int, ...]


class Gguf:
    """Builds a GGUF file: values, then tensors, then `bytes()`."""

    def __init__(self, architecture: str = "llama", version: int = 3, alignment: int = 32) -> None:
        self.version = version
        self.alignment = alignment
        self._values: list[bytes] = []
        self._tensors: list[tuple[str, Shape, int, bytes]] = []
        if architecture:
            self.text("general.architecture", architecture)
        if alignment != 32:
            self.u32("general.alignment", alignment)

    def value(self, key: str, kind: int, payload: bytes) -> "Gguf":
        """A value with its bytes as they are."""
        self._values.append(_text(key) + struct.pack("<I", kind) + payload)
        return self

    def text(self, key: str, value: str) -> "Gguf":
        """A text value."""
        return self.value(key, STRING, _text(value))

    def u32(self, key: str, value: int) -> "Gguf":
        """A number."""
        return self.value(key, U32, struct.pack("<I", value))

    def f32(self, key: str, value: float) -> "Gguf":
        """A floating-point number."""
        return self.value(key, F32, struct.pack("<f", value))

    def texts(self, key: str, values: Sequence[str]) -> "Gguf":
        """An array of texts."""
        payload = struct.pack("<IQ", STRING, len(values)) + b"".join(map(_text, values))
        return self.value(key, ARRAY, payload)

    def floats(self, key: str, values: Sequence[float]) -> "Gguf":
        """An array of 32-bit floats."""
        payload = struct.pack(f"<IQ{len(values)}f", F32, len(values), *values)
        return self.value(key, ARRAY, payload)

    def ints(self, key: str, values: Sequence[int]) -> "Gguf":
        """An array of 32-bit integers."""
        payload = struct.pack(f"<IQ{len(values)}i", I32, len(values), *values)
        return self.value(key, ARRAY, payload)

    def tensor(self, name: str, shape: Shape, data: bytes, kind: int = TYPE_F32) -> "Gguf":
        """A tensor; `shape` in ggml's order."""
        self._tensors.append((name, shape, kind, data))
        return self

    def bytes(self) -> bytes:
        """The whole file."""
        head = b"GGUF" + struct.pack("<IQQ", self.version, len(self._tensors), len(self._values))
        table, data = b"", b""
        for name, shape, kind, content in self._tensors:
            table += _text(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
            table += struct.pack("<IQ", kind, len(data))
            data += content + bytes(-len(content) % self.alignment)
        head += b"".join(self._values) + table
        return head + bytes(-len(head) % self.alignment) + data


def tiny_gguf() -> bytes:
    """A few hundred bytes that are right: all kinds of values, two tensors, no model."""
    return (
        Gguf()
        .text("general.name", "Tiny")
        .text("general.license", "mit")
        .u32("llama.context_length", 64)
        .f32("llama.scale", 0.5)
        .value("llama.flag", BOOL, b"\1")
        .texts("tokenizer.ggml.tokens", ["a", "b"])
        .ints("tokenizer.ggml.token_type", [1, 1])
        .texts("long", [str(number) for number in range(80)])
        .tensor("token_embd.weight", (4, 2), bytes(32))
        .tensor("half", (4,), bytes(8), TYPE_F16)
        .bytes()
    )


def spm_llama(seed: int = 1, *, context: int = 256, template: str = "") -> bytes:
    """A llama of random weights with a SentencePiece vocabulary; about 0.3 MB.

    llama.cpp of today and the one inside ctransformers both load it.
    """
    rng = random.Random(seed)
    words, scores, kinds = _spm_words()
    width, heads, layers, wide = 32, 2, 2, 64
    file = Gguf().text("general.name", "Random llama").u32("llama.context_length", context)
    file.u32("llama.embedding_length", width).u32("llama.block_count", layers)
    file.u32("llama.feed_forward_length", wide).u32("llama.attention.head_count", heads)
    file.u32("llama.attention.head_count_kv", heads)
    file.u32("llama.rope.dimension_count", width // heads)
    file.f32("llama.attention.layer_norm_rms_epsilon", 1e-5).u32("general.file_type", 0)
    file.text("tokenizer.ggml.model", "llama").texts("tokenizer.ggml.tokens", words)
    file.floats("tokenizer.ggml.scores", scores).ints("tokenizer.ggml.token_type", kinds)
    file.u32("tokenizer.ggml.bos_token_id", 1).u32("tokenizer.ggml.eos_token_id", 2)
    file.u32("tokenizer.ggml.unknown_token_id", 0)
    if template:
        file.text("tokenizer.chat_template", template)
    shapes: dict[str, Shape] = {"token_embd.weight": (width, len(words))}
    for layer in range(layers):
        block = f"blk.{layer}."
        shapes |= {f"{block}attn_{name}.weight": (width, width) for name in ("q", "k", "v")}
        shapes[f"{block}attn_output.weight"] = (width, width)
        shapes[f"{block}attn_norm.weight"] = (width,)
        shapes[f"{block}ffn_norm.weight"] = (width,)
        shapes[f"{block}ffn_gate.weight"] = shapes[f"{block}ffn_up.weight"] = (width, wide)
        shapes[f"{block}ffn_down.weight"] = (wide, width)
    shapes |= {"output_norm.weight": (width,), "output.weight": (width, len(words))}
    for name, shape in shapes.items():
        file.tensor(name, shape, _weights(rng, shape))
    return file.bytes()


def _spm_words() -> tuple[list[str], list[float], list[int]]:
    """Control tokens, all bytes, letters, and some words built from pairs of pieces."""
    normal, unknown, control, byte = 1, 2, 3, 6
    words, kinds = ["<unk>", "<s>", "</s>"], [unknown, control, control]
    words += [f"<0x{number:02X}>" for number in range(256)]
    kinds += [byte] * 256
    letters = [chr(number) for number in range(33, 127)] + ["▁", "é", "猫"]
    pairs = ["▁t", "he", "▁the", "▁a", "in", "er", "on", "an", "▁an", "▁w", "or", "ld"]
    normals = [*letters, *pairs]
    return (
        words + normals,
        [0.0] * len(words) + [-float(place) for place in range(len(normals))],
        kinds + [normal] * len(normals),
    )


def ggml(
    numbers: Iterable[int | float],
    words: Sequence[bytes],
    tensors: Mapping[str, Shape],
    *,
    repeat_count: bool = True,
    scores: bool = False,
    magic: bytes = b"lmgg",
    version: int | None = None,
    seed: int = 1,
) -> bytes:
    """A file of the older forms with random 32-bit weights."""
    rng = random.Random(seed)
    data = bytearray(magic + (b"" if version is None else struct.pack("<I", version)))
    for number in numbers:
        data += struct.pack("<f" if isinstance(number, float) else "<i", number)
    data += struct.pack("<i", len(words)) if repeat_count else b""
    for place, word in enumerate(words):
        data += struct.pack("<I", len(word)) + word
        data += struct.pack("<f", -float(place)) if scores else b""
    for name, shape in tensors.items():
        data += struct.pack("<III", len(shape), len(name), TYPE_F32)
        data += struct.pack(f"<{len(shape)}i", *shape) + name.encode()
        data += bytes(-len(data) % 32) if magic == b"tjgg" else b""
        data += _weights(rng, shape)
    return bytes(data)


def gpt_words() -> list[bytes]:
    """Every byte, some words, and the end of text."""
    words = [bytes([number]) for number in range(256)]
    words += [b"<|endoftext|>", b" the", b"the", b" cat", b"Hello", b" world", b"User", b"ing"]
    return words


def tiny_gpt2(seed: int = 1, *, context: int = 128, layers: int = 2, width: int = 64) -> bytes:
    """A GPT-2 of random weights in the oldest form; about 0.5 MB."""
    words, e = gpt_words(), width
    shapes: dict[str, Shape] = {
        "model/ln_f/g": (e,),
        "model/ln_f/b": (e,),
        "model/wte": (e, len(words)),
        "model/wpe": (e, context),
    }
    for layer in range(layers):
        parts: dict[str, Shape] = {
            "ln_1/g": (e,),
            "ln_1/b": (e,),
            "ln_2/g": (e,),
            "ln_2/b": (e,),
            "attn/c_attn/w": (e, 3 * e),
            "attn/c_attn/b": (3 * e,),
            "attn/c_proj/w": (e, e),
            "attn/c_proj/b": (e,),
            "mlp/c_fc/w": (e, 4 * e),
            "mlp/c_fc/b": (4 * e,),
            "mlp/c_proj/w": (4 * e, e),
            "mlp/c_proj/b": (e,),
        }
        shapes |= {f"model/h{layer}/{name}": shape for name, shape in parts.items()}
    return ggml((len(words), context, e, 4, layers, 0), words, shapes, seed=seed)


def tiny_llama_ggjt(seed: int = 1) -> bytes:
    """A llama of random weights as ggjt version 3."""
    e, layers, multiple = 32, 1, 32
    wide = -(-(2 * 4 * e // 3) // multiple) * multiple
    words = [word.replace("▁", " ").encode() for word in _spm_words()[0]]
    for number in range(256):  # here a byte's piece is the byte itself
        words[3 + number] = bytes([number])
    shapes: dict[str, Shape] = {
        "tok_embeddings.weight": (e, len(words)),
        "norm.weight": (e,),
        "output.weight": (e, len(words)),
    }
    for layer in range(layers):
        parts: dict[str, Shape] = {
            **{f"attention.w{name}.weight": (e, e) for name in "qkvo"},
            "attention_norm.weight": (e,),
            "ffn_norm.weight": (e,),
            "feed_forward.w1.weight": (e, wide),
            "feed_forward.w2.weight": (wide, e),
            "feed_forward.w3.weight": (e, wide),
        }
        shapes |= {f"layers.{layer}.{name}": shape for name, shape in parts.items()}
    numbers = (len(words), e, multiple, 2, layers, e // 2, 0)
    return ggml(
        numbers,
        words,
        shapes,
        repeat_count=False,
        scores=True,
        magic=b"tjgg",
        version=3,
        seed=seed,
    )


def written(folder: Path, name: str, content: bytes) -> Path:
    """A file in `folder`."""
    path = folder / name
    path.write_bytes(content)
    return path


def short(value: object) -> str:
    """A parameter's name in a test's name: not the whole file."""
    return value if isinstance(value, str) else "file"


def _weights(rng: random.Random, shape: Shape) -> bytes:
    count = 1
    for length in shape:
        count *= length
    if len(shape) == 1:  # norms and biases: near one keeps activations sane
        return array("f", (1.0 + rng.uniform(-0.1, 0.1) for _ in range(count))).tobytes()
    return array("f", (rng.uniform(-0.3, 0.3) for _ in range(count))).tobytes()


def _text(text: str) -> bytes:
    encoded = text.encode()
    return struct.pack("<Q", len(encoded)) + encoded
