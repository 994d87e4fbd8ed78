"""All that a model file's header tells, for `g4tui models info`."""

from pathlib import Path

import msgspec

from g4tui.core import G4tuiError, ModelFile
from g4tui.formats import GgmlHeader, GgufArray, GgufHeader, Tensor, read_ggml, read_gguf
from g4tui.models.catalogue import entry_named
from g4tui.models.registry import Known

_LONG = 300


class TypeShare(msgspec.Struct, frozen=True):
    """How much of a file one number type takes; sizes in bytes."""

    type: str
    tensors: int
    parameters: int
    size_bytes: int


class FileInfo(msgspec.Struct, frozen=True):
    """A model file from its header. `None` and empty: the file does not say.

    `form` is `GGUF 3` or `ggjt 3`; `special` tokens are ids by what they are for; `metadata` holds
    the remaining values, shortened; `source`, `sha256` and `card` are known from pulling or
    registering.
    """

    file: ModelFile
    form: str = ""
    tokenizer: str = ""
    vocabulary: int | None = None
    layers: int | None = None
    width: int | None = None
    heads: int | None = None
    template: str = ""
    special: dict[str, int] = {}
    tensor_types: tuple[TypeShare, ...] = ()
    metadata: dict[str, str] = {}
    source: str = ""
    sha256: str = ""
    card: str = ""


def file_info(file: ModelFile, known: Known) -> FileInfo:
    """Read the header anew. Raises `G4tuiError` as the readers do."""
    path = Path(file.path)
    if file.format == "unknown":
        raise G4tuiError(
            "model",
            "That is no model file",
            f"{path}: {file.error}.",
            f"Get it again: g4tui models pull {file.name}"
            if entry_named(file.name)
            else "Get the file again, or choose another one: g4tui models",
        )
    header = read_ggml(path) if file.format == "ggml" else read_gguf(path)
    info = _gguf(file, header) if isinstance(header, GgufHeader) else _ggml(file, header)
    return msgspec.structs.replace(
        info,
        tensor_types=_shares(header.tensors),
        source=known.source,
        sha256=known.sha256,
        card=known.card,
    )


def _gguf(file: ModelFile, header: GgufHeader) -> FileInfo:
    prefix, suffix = "tokenizer.ggml.", "_token_id"
    special = {
        key.removeprefix(prefix).removesuffix(suffix): value
        for key, value in header.metadata.items()
        if key.startswith(prefix) and key.endswith(suffix) and isinstance(value, int)
    }
    return FileInfo(
        file,
        f"GGUF {header.version}",
        tokenizer="/".join(
            filter(None, (header.text("tokenizer.ggml.model"), header.text("tokenizer.ggml.pre")))
        ),
        vocabulary=header.vocabulary,
        layers=header.own("block_count"),
        width=header.own("embedding_length"),
        heads=header.own("attention.head_count"),
        template=header.template,
        special=special,
        metadata={
            key: _shown(value)
            for key, value in header.metadata.items()
            if key != "tokenizer.chat_template"
        },
    )


def _ggml(file: ModelFile, header: GgmlHeader) -> FileInfo:
    return FileInfo(
        file,
        f"{header.container} {header.version}" if header.version else header.container,
        vocabulary=header.vocabulary,
        layers=header.numbers.get("n_layer"),
        width=header.numbers.get("n_embd"),
        heads=header.numbers.get("n_head"),
        metadata={key: str(value) for key, value in header.numbers.items()},
    )


def _shown(value: object) -> str:
    if isinstance(value, GgufArray):
        return f"[{value.count} x {value.type}]"
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"


def _shares(tensors: tuple[Tensor, ...]) -> tuple[TypeShare, ...]:
    names = dict.fromkeys(tensor.type for tensor in tensors)
    shares = []
    for name in names:
        of_type = [tensor for tensor in tensors if tensor.type == name]
        parameters = sum(tensor.elements for tensor in of_type)
        shares.append(TypeShare(name, len(of_type), parameters, sum(t.size for t in of_type)))
    return tuple(sorted(shares, key=lambda share: -share.size_bytes))
