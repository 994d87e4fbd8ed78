"""The one package that touches llama.cpp: its functions with Python's types, and nothing more.

Objects here own native memory and must be closed by hand, contexts and samplers before their
model. Nothing checks a closed handle: the callers are few and keep the order. Imported in the
worker's process alone.
"""

from g4tui_llama_cpp.native.context import ABORTED, DECODED, Context
from g4tui_llama_cpp.native.library import AbortFlag, build, has_gpu
from g4tui_llama_cpp.native.model import Model
from g4tui_llama_cpp.native.sampler import Sampler

__all__ = ["ABORTED", "DECODED", "AbortFlag", "Context", "Model", "Sampler", "build", "has_gpu"]
