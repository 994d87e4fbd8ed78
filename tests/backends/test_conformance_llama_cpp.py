"""llama.cpp in the conformance suite, with the real model in real worker processes."""

from pathlib import Path

import pytest

from g4tui.core import ModelFile, ModelSpec
from g4tui.testing.conformance import BackendConformance, Subject
from g4tui_llama_cpp.backend import LlamaCppBackend

pytestmark = pytest.mark.model


class TestLlamaCpp(BackendConformance):
    """The suite."""

    @pytest.fixture
    def backend_under_test(self, default_model: Path) -> Subject:
        size = default_model.stat().st_size
        file = ModelFile("smollm2", str(default_model), size, "gguf")
        return Subject(
            LlamaCppBackend(),
            ModelSpec("llama-cpp", "smollm2", context=512),
            model_files=[file],
        )
