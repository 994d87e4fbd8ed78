"""Headers of the single-file forms before GGUF: ggml, ggmf, ggjt 1 to 3 and ggcc."""

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path

import msgspec

from g4tui.core import G4tuiError
from g4tui.formats import reader as r
from g4tui.formats.families import UNNAMED, VERSIONED, Family
from g4tui.formats.reader import Reader, damaged, naming
from g4tui.formats.tensors import (
    FILE_TYPES,
    NUMBER_TYPES,
    OLD_NUMBER_TYPES,
    Tensor,
    most_used_type,
)

# The first four bytes: the letters as a little-endian number.
MAGICS = {b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"ccgg": "ggcc", b"algg": "ggla"}

_MAX_WORD = 4096
_MAX_MERGES = 1 << 20
_MAX_TENSORS = 65_536
_LIMITS = {
    "n_vocab": 1 << 20,
    "n_ctx": 1 << 20,
    "n_embd": 1 << 16,
    "n_head": 1 << 10,
    "n_head_kv": 1 << 10,
    "n_layer": 1 << 10,
    "n_mult": 1 << 16,
}
_VERSIONS = {"ggml": (0,), "ggmf": (1,), "ggjt": (1, 2, 3), "ggcc": (10,)}


class GgmlHeader(msgspec.Struct, frozen=True):
    """What an older file tells.

    `container` is `ggml`, `ggmf`, `ggjt` or `ggcc`, `version` its number (0 for `ggml`); `family`
    is `gpt2`, `gptj`, `dolly-v2`, `gptneox`, `mpt`, `replit`, `starcoder`, `llama` or `falcon`.
    `layout` counts the changes of the quantised blocks: 2 is the last one, of May 2023.
    """

    container: str
    version: int
    family: str
    size_bytes: int
    numbers: dict[str, int]
    layout: int
    tensors: tuple[Tensor, ...]

    @property
    def context(self) -> int | None:
        """Tokens that the model was trained to read; old llama files do not say."""
        return self.numbers.get("n_ctx")

    @property
    def vocabulary(self) -> int:
        """How many tokens it knows."""
        return self.numbers["n_vocab"]

    @property
    def parameters(self) -> int:
        """How many numbers its tensors hold."""
        return sum(tensor.elements for tensor in self.tensors)

    @property
    def quantisation(self) -> str:
        """`F16`, `Q4_0`, ..."""
        declared = FILE_TYPES.get(self.numbers["ftype"]) if self.container != "ggml" else None
        return declared or most_used_type(self.tensors)


def read_ggml(path: Path, family: str | None = None) -> GgmlHeader:
    """Read and check the header of an older file; `family` says what it is where it does not.

    Raises `G4tuiError` as `read_gguf` does; kind `usage` for an unknown `family`.
    """
    with naming(path), Reader(path) as reader:
        return ggml_header(reader, family)


def ggml_header(reader: Reader, family: str | None = None) -> GgmlHeader:
    """As `read_ggml`, of a file that is open; what it raises does not name the file."""
    container = MAGICS.get(reader.take(4)) if reader.left >= 8 else None
    if container is None:
        raise G4tuiError(
            "model",
            "That is no GGML file",
            "It is empty." if not reader.size else "It does not begin as one.",
            "Choose another file.",
        )
    if container == "ggla":
        raise G4tuiError(
            "model",
            "An adapter of the old kind",
            "It is a LoRA adapter (ggla), no model.",
            "Convert it to GGUF with llama.cpp.",
        )
    version = 0 if container == "ggml" else reader.number(r.U32)
    if version not in _VERSIONS[container]:
        raise damaged(f"Its form does not exist: there is no version {version} of {container}.")
    return _first_that_fits(reader, container, version, _candidates(container, family))


def _candidates(container: str, family: str | None) -> Iterable[Family]:
    known = UNNAMED if container == "ggml" else VERSIONED
    chosen = [entry for entry in known if family in (None, entry.name)]
    if not chosen:
        names = ", ".join(dict.fromkeys(entry.name for entry in known))
        raise G4tuiError(
            "usage",
            "No such family of models",
            f"{family!r} is none of: {names}.",
            "Correct its type in the settings: g4tui config path",
        )
    return chosen


def _first_that_fits(
    reader: Reader, container: str, version: int, families: Iterable[Family]
) -> GgmlHeader:
    """Try the layouts; where none fits, the error is of the one that was read furthest."""
    start = reader.position
    failures: list[tuple[int, G4tuiError]] = []
    for family in families:
        reader.position = start
        try:
            return _read(reader, container, version, family)
        except G4tuiError as error:
            failures.append((reader.position, error))
    raise max(failures, key=lambda failure: failure[0])[1]


def _read(reader: Reader, container: str, version: int, family: Family) -> GgmlHeader:
    numbers = _numbers(reader, family)
    layout = {0: numbers["ftype"] // 1000, 1: 0, 2: 1, 3: 2, 10: 2}[version]
    numbers["ftype"] %= 1000
    if container == "ggcc":
        reader.skip(4)
    if family.repeats_vocabulary and reader.number(r.U32) != numbers["n_vocab"]:
        raise damaged("Its two counts of words differ.")
    _read_words(reader, family, numbers["n_vocab"])
    if container == "ggcc":
        _skip_merges(reader)
    aligned = container in ("ggjt", "ggcc")
    tensors = tuple(_tensors(reader, layout, aligned))
    _check(family, numbers, tensors)
    return GgmlHeader(container, version, family.name, reader.size, numbers, layout, tensors)


def _numbers(reader: Reader, family: Family) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for field in family.fields:
        if field.startswith("f:"):
            reader.skip(4)
            continue
        value = reader.number(r.U32)
        limit = _LIMITS.get(field)
        if limit is not None and not 1 <= value <= limit:
            raise damaged(f"Its {field} is {value}.")
        numbers[field] = value
    if numbers["n_embd"] % numbers["n_head"]:
        raise damaged("Its width does not divide by its attention heads.")
    if numbers.get("n_rot", 0) > numbers["n_embd"] // numbers["n_head"]:
        raise damaged(f"Its n_rot is {numbers['n_rot']}.")
    return numbers


def _read_words(reader: Reader, family: Family, count: int) -> None:
    marked = not family.mark
    for word in reader.strings(count, _MAX_WORD, extra=4 if family.scores else 0):
        marked = marked or word.startswith(family.mark)
        if family.utf8 and not _is_text(word):  # a loader in C++ ends its process over it
            raise damaged(f"Its word {word[:20]!r} is no UTF-8.")
    if not marked:
        raise damaged(f"It is no {family.name} model: a word is missing.")


def _is_text(word: bytes) -> bool:
    try:
        word.decode()
    except UnicodeDecodeError:
        return False
    return True


def _skip_merges(reader: Reader) -> None:
    count = reader.number(r.U32)
    if count > _MAX_MERGES:
        raise damaged(f"Its header claims more merges than any model has ({count}).")
    reader.skip_strings(2 * count, r.U32)


def _tensors(reader: Reader, layout: int, aligned: bool) -> Iterator[Tensor]:
    types = NUMBER_TYPES if layout >= 2 else OLD_NUMBER_TYPES
    names: set[str] = set()
    while reader.left:
        dimensions, length, kind = (reader.number(r.U32) for _ in range(3))
        if dimensions not in (1, 2) or length > 255 or kind not in types:
            raise damaged(
                f"Where a tensor should begin, none does (at byte {reader.position - 12})."
            )
        shape = tuple(reader.number(r.U32) for _ in range(dimensions))
        name = reader.take(length).decode(errors="replace")
        if aligned:
            reader.skip(-reader.position % 32)
        size = types[kind].bytes_of(shape)
        if not prod(shape) or size is None:
            raise damaged(f"The tensor {name!r} has the shape {shape}.")
        if name in names or len(names) == _MAX_TENSORS:
            raise damaged(f"The tensor {name!r} is one too many.")
        names.add(name)
        yield Tensor(name, shape, types[kind].name, reader.position, size)
        reader.skip(size)


def _check(family: Family, numbers: dict[str, int], tensors: tuple[Tensor, ...]) -> None:
    """Hold the tensors against what the family needs: native code trusts them blindly."""
    if family.shapes is None:
        strange = [one.name for one in tensors if not one.name.startswith(family.prefixes)]
        if strange or not tensors:
            raise damaged(f"A {family.name} model has no tensor {strange[:1]}.")
        return
    wanted = family.shapes(numbers)
    found = {tensor.name: tensor.shape for tensor in tensors}
    for name, shape in found.items():
        if wanted.get(name) != shape:
            raise damaged(f"The tensor {name!r} has the shape {shape}, not {wanted.get(name)}.")
    if missing := wanted.keys() - found.keys() - family.optional:
        raise damaged(f"The tensor {min(missing)!r} is missing ({len(missing)} in all).")
