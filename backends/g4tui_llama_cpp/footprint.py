"""How much memory a model needs, and how much there is."""

from pathlib import Path

from g4tui.core import G4tuiError
from g4tui.formats import GgufHeader

_KV_BYTES = {"f16": 2.0, "q8_0": 34 / 32}
_PROCESS_BYTES = 100 << 20


def needed_bytes(header: GgufHeader, n_ctx: int, kv_type: str, batch_size: int) -> int:
    """Weights, KV cache of `n_ctx` tokens and buffers; what the header does not say counts 0."""
    logits = batch_size * (header.vocabulary or 0) * 4
    kv = n_ctx * _kv_values(header) * _KV_BYTES[kv_type]
    return header.size_bytes + int(kv) + logits + _PROCESS_BYTES


def _kv_values(header: GgufHeader) -> int:
    """Numbers that the KV cache holds for one token, over all layers."""
    layers, heads = header.own("block_count"), header.own("attention.head_count")
    if not layers or not heads:
        return 0
    key = f"{header.architecture}.attention.head_count_kv"
    each = header.metadata.get(key)
    if isinstance(each, tuple):  # one number a layer
        kv_heads = sum(number for number in each if isinstance(number, int))
    else:
        kv_heads = layers * (header.number(key) or heads)
    width = (header.own("embedding_length") or 0) // heads
    keys = header.own("attention.key_length") or width
    values = header.own("attention.value_length") or width
    return kv_heads * (keys + values)


def check_memory(needed: int, name: str) -> None:
    """Raise `G4tuiError` of kind `memory` when `needed` bytes are clearly not to be had."""
    available = available_bytes()
    if available is not None and needed > available:
        raise G4tuiError(
            "memory",
            f"{name} needs more memory than there is",
            f"It needs about {_gib(needed)} with this context; {_gib(available)} are free.",
            "Choose a smaller model or context, or close other programs.",
        )


def available_bytes(root: Path = Path("/")) -> int | None:
    """Memory and swap that can still be had, within this group's limit; `None` if unknown."""
    fields = _fields(root / "proc/meminfo")
    if "MemAvailable" not in fields:
        return None
    free = (fields["MemAvailable"] + fields.get("SwapFree", 0)) << 10
    group = root / "sys/fs/cgroup"
    try:
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no such file, or "max"
        return free
    cached = _fields(group / "memory.stat").get("file", 0)  # given back when it is needed
    return min(free, max(limit - used + cached, 0))


def _fields(path: Path) -> dict[str, int]:
    """`name value` lines of a file in /proc or /sys."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    rows = (line.replace(":", " ").split() for line in lines)
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}


def _gib(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB"
