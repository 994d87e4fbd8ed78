"""Pure-Python readers of model files' headers: GGUF, and the GGML forms before it."""

from g4tui.formats.describe import describe_file, sniff
from g4tui.formats.ggml import GgmlHeader, read_ggml
from g4tui.formats.gguf import GgufArray, GgufHeader, read_gguf
from g4tui.formats.precheck import check_gguf
from g4tui.formats.tensors import Tensor

__all__ = [
    "GgmlHeader",
    "GgufArray",
    "GgufHeader",
    "Tensor",
    "check_gguf",
    "describe_file",
    "read_ggml",
    "read_gguf",
    "sniff",
]
