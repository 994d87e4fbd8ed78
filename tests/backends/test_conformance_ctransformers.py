"""ctransformers in the conformance suite, with a GGML file of random weights."""

from pathlib import Path

import pytest

from g4tui.core import ModelSpec, Params
from g4tui.formats import describe_file
from g4tui.testing.conformance import BackendConformance, Subject
from g4tui_ctransformers.backend import CtransformersBackend
from support.model_files import tiny_gpt2, written


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Slow enough to be stopped in the middle of an answer."""
    content = tiny_gpt2(context=768, layers=3, width=192)
    return written(tmp_path_factory.mktemp("gpt2"), "gpt2.bin", content)


class TestCtransformers(BackendConformance):
    """The suite."""

    @pytest.fixture
    def backend_under_test(self, gpt2: Path) -> Subject:
        return Subject(
            CtransformersBackend(),
            ModelSpec("ctransformers", "gpt2"),
            model_files=[describe_file(gpt2)],
            params=Params(temperature=0.0, seed=1, max_tokens=40),
        )
