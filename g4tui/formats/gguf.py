"""GGUF headers, versions 2 and 3: metadata and the table of tensors, without the weights."""

from collections.abc import Callable
from math import prod
from pathlib import Path
from struct import Struct

import msgspec

from g4tui.core import G4tuiError
from g4tui.formats import reader as r
from g4tui.formats.reader import Reader, damaged, naming
from g4tui.formats.tensors import (
    FILE_TYPES,
    MAX_ELEMENTS,
    NUMBER_TYPES,
    Tensor,
    most_used_type,
)

MAGIC = b"GGUF"

# Far above every real file; they bound what a hostile one can make us do.
_MAX_ITEMS = 65_536
_MAX_KEY = 65_535
_MAX_TEXT = 1 << 24
_MAX_STRINGS = 1 << 22
_MAX_DEPTH = 3
_INLINE = 64
_MAX_NAME = 63

_STRING, _ARRAY, _BOOL = 8, 9, 7
_NUMBERS: dict[int, Struct] = {
    0: r.U8,
    1: r.I8,
    2: r.U16,
    3: r.I16,
    4: r.U32,
    5: r.I32,
    _BOOL: r.U8,
    10: r.U64,
    11: r.I64,
}
_REALS: dict[int, Struct] = {6: r.F32, 12: r.F64}
_TYPE_NAMES = {
    **dict(enumerate(("u8", "i8", "u16", "i16", "u32", "i32", "f32", "bool", "string", "array"))),
    10: "u64",
    11: "i64",
    12: "f64",
}


class GgufArray(msgspec.Struct, frozen=True):
    """An array too long to be read with the header: `count` items of `type` from `offset` on."""

    type: str
    count: int
    offset: int


Scalar = int | float | bool | str
Value = Scalar | tuple[Scalar, ...] | GgufArray


class GgufHeader(msgspec.Struct, frozen=True):
    """What stands before the weights. Offsets and sizes are bytes from the file's start."""

    version: int
    size_bytes: int
    alignment: int
    data_offset: int
    metadata: dict[str, Value]
    tensors: tuple[Tensor, ...]

    def text(self, key: str) -> str:
        """A text value, empty when it is absent or no text."""
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        """A whole number, `None` when it is absent or no number."""
        value = self.metadata.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    def count(self, key: str) -> int | None:
        """The length of an array, `None` when it is absent or no array."""
        value = self.metadata.get(key)
        if isinstance(value, GgufArray):
            return value.count
        return len(value) if isinstance(value, tuple) else None

    def own(self, key: str) -> int | None:
        """A whole number of the model's architecture: `llama.context_length` for a llama."""
        return self.number(f"{self.architecture}.{key}")

    @property
    def architecture(self) -> str:
        """`llama`, `qwen2`, ...; empty when the file does not say."""
        return self.text("general.architecture")

    @property
    def is_adapter(self) -> bool:
        """Whether it is a LoRA adapter rather than a model."""
        return self.text("general.type") == "adapter"

    @property
    def title(self) -> str:
        """The name that the model gives itself."""
        return self.text("general.name")

    @property
    def base_name(self) -> str:
        """The name of the model that it was made of, or for; empty when the file does not say."""
        return self.text("general.base_model.0.name")

    @property
    def licence(self) -> str:
        """As the file says it, mostly an SPDX name in lower case."""
        return self.text("general.license")

    @property
    def context(self) -> int | None:
        """Tokens that the model was trained to read."""
        return self.own("context_length")

    @property
    def vocabulary(self) -> int | None:
        """How many tokens it knows."""
        return self.count("tokenizer.ggml.tokens")

    @property
    def template(self) -> str:
        """The chat template (Jinja), empty when there is none."""
        return self.text("tokenizer.chat_template")

    @property
    def parameters(self) -> int:
        """How many numbers its tensors hold."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def quantisation(self) -> str:
        """`Q4_1`, `Q4_K_M`, ...: what the file says, else its most used type."""
        declared = self.number("general.file_type")
        known = FILE_TYPES.get(declared, "") if declared is not None else ""
        return known or most_used_type(self.tensors)


def read_gguf(path: Path) -> GgufHeader:
    """Read and check a GGUF header.

    Raises `G4tuiError`: kind `missing` or `storage` when the file cannot be opened, `model` when it
    is no GGUF file of a known version or its counts, offsets and sizes do not fit the file.
    """
    with naming(path), Reader(path) as reader:
        return gguf_header(reader)


def gguf_header(reader: Reader) -> GgufHeader:
    """As `read_gguf`, of a file that is open; what it raises does not name the file."""
    version = _version(reader)
    n_tensors, n_values = reader.number(r.U64), reader.number(r.U64)
    if n_tensors > _MAX_ITEMS or n_values > _MAX_ITEMS:
        raise damaged(
            f"Its header claims more than any model has ({n_tensors} tensors, {n_values} values)."
        )
    metadata = _Values(reader).read(n_values)
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20 or alignment % 8:
        raise damaged(f"Its header sets an alignment that cannot be ({alignment!r}).")
    entries = [_entry(reader, alignment) for _ in range(n_tensors)]
    data = -(-reader.position // alignment) * alignment
    tensors = _placed(entries, data, reader.size)
    return GgufHeader(version, reader.size, alignment, data, metadata, tensors)


def _version(reader: Reader) -> int:
    if reader.left < 24 or reader.take(4) != MAGIC:
        raise G4tuiError(
            "model",
            "That is no GGUF file",
            "It is empty." if not reader.size else "It does not begin as one.",
            "Pull the model again, or choose another file.",
        )
    version = reader.number(r.U32)
    if version in (2, 3):
        return version
    big_endian = version & 0xFFFF == 0 and version >> 24 in (2, 3)
    raise G4tuiError(
        "model",
        "A GGUF file of another kind",
        "It is written for big-endian machines." if big_endian else f"Its version is {version}.",
        "GGUF 2 and 3, little endian, can be read; get the model in that form.",
    )


class _Values:
    """Reads the metadata; counts strings over the whole header."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._strings_left = _MAX_STRINGS

    def read(self, count: int) -> dict[str, Value]:
        metadata: dict[str, Value] = {}
        for _ in range(count):
            key = self._text(_MAX_KEY)
            if key in metadata:
                raise damaged(f"Its header sets {key!r} twice.")
            metadata[key] = self._value(self._reader.number(r.U32))
        return metadata

    def _text(self, limit: int) -> str:
        length = self._reader.number(r.U64)
        if length > limit:
            raise damaged(
                "A text in its header claims to be longer than any text is "
                f"({length} bytes, at byte {self._reader.position})."
            )
        return self._reader.take(length).decode(errors="replace")

    def _value(self, kind: int) -> Value:
        return self._array(0) if kind == _ARRAY else self._scalar(kind)()

    def _scalar(self, kind: int) -> Callable[[], Scalar]:
        if kind == _STRING:
            return lambda: self._text(_MAX_TEXT)
        if kind == _BOOL:
            return lambda: bool(self._reader.number(r.U8))
        if kind in _NUMBERS:
            return lambda: self._reader.number(_NUMBERS[kind])
        if kind in _REALS:
            return lambda: self._reader.real(_REALS[kind])
        raise damaged(
            "A value in its header is of a kind that does not exist "
            f"(type {kind}, at byte {self._reader.position})."
        )

    def _array(self, depth: int) -> tuple[Scalar, ...] | GgufArray:
        reader = self._reader
        kind, count = reader.number(r.U32), reader.number(r.U64)
        start = reader.position
        if kind == _ARRAY:
            if depth == _MAX_DEPTH or count > _MAX_ITEMS:
                raise damaged(
                    f"A list in its header holds too many lists within lists (at byte {start})."
                )
            for _ in range(count):
                self._count_strings(1)
                self._array(depth + 1)
        elif kind == _STRING:
            self._count_strings(count)
            if count <= _INLINE:
                return tuple(self._text(_MAX_TEXT) for _ in range(count))
            reader.skip_strings(count, r.U64)
        else:
            scalar = self._scalar(kind)
            if count <= _INLINE:
                return tuple(scalar() for _ in range(count))
            reader.skip(count * (_NUMBERS.get(kind) or _REALS[kind]).size)
        return GgufArray(_TYPE_NAMES[kind], count, start)

    def _count_strings(self, count: int) -> None:
        self._strings_left -= count
        if self._strings_left < 0:
            raise damaged(f"Its header claims more than {_MAX_STRINGS} texts.")


def _entry(reader: Reader, alignment: int) -> Tensor:
    """A row of the table of tensors; its offset still counts from the data's start."""
    length = reader.number(r.U64)
    if length > _MAX_NAME:
        raise damaged(
            "The name of a tensor claims to be longer than any name is "
            f"({length} bytes, at byte {reader.position})."
        )
    name = reader.take(length).decode(errors="replace")
    dimensions = reader.number(r.U32)
    if not 1 <= dimensions <= 4:
        raise damaged(f"The tensor {name!r} has {dimensions} dimensions.")
    shape = tuple(reader.number(r.U64) for _ in range(dimensions))
    kind, offset = reader.number(r.U32), reader.number(r.U64)
    if not 1 <= prod(shape) <= MAX_ELEMENTS:
        raise damaged(f"The tensor {name!r} has the shape {shape}.")
    if offset % alignment:
        raise damaged(f"The tensor {name!r} is not aligned to {alignment} bytes.")
    return Tensor(name, shape, *_type_and_place(name, shape, kind, offset))


def _type_and_place(
    name: str, shape: tuple[int, ...], kind: int, offset: int
) -> tuple[str, int, int]:
    if kind > 255:
        raise damaged(f"The tensor {name!r} has the number type {kind}.")
    number_type = NUMBER_TYPES.get(kind)
    if number_type is None:  # newer than this table: llama.cpp may know it, so it is let through
        return f"type {kind}", offset, 0
    size = number_type.bytes_of(shape)
    if size is None:
        raise damaged(f"The tensor {name!r}: {shape[0]} columns do not fit {number_type.name}.")
    return number_type.name, offset, size


def _placed(entries: list[Tensor], data: int, size: int) -> tuple[Tensor, ...]:
    """The tensors with offsets from the file's start, each inside it and none over another."""
    if len({tensor.name for tensor in entries}) != len(entries):
        raise damaged("Two tensors have one name.")
    tensors = tuple(
        msgspec.structs.replace(tensor, offset=data + tensor.offset) for tensor in entries
    )
    end = 0
    for tensor in sorted(tensors, key=lambda tensor: tensor.offset):
        if tensor.offset < end:
            raise damaged(f"The tensor {tensor.name!r} lies over another.")
        end = tensor.offset + tensor.size
        if end > size:
            raise damaged(
                f"It ends too early: its tensor {tensor.name!r} should end at byte {end}, "
                f"and the file has {size} bytes."
            )
    return tensors
