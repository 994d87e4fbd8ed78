"""Small real models, written once, and workers on them."""

from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.core import ModelSpec
from g4tui.formats import describe_file
from g4tui.worker import HostConfig, Worker
from support.model_files import spm_llama, tiny_gpt2, tiny_llama_ggjt, written

MakeWorker = Callable[..., Worker]


@pytest.fixture(scope="session")
def old_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with gpt2.bin, llama.bin (ggjt 3) and spm.gguf, all of random weights."""
    folder = tmp_path_factory.mktemp("old")
    written(folder, "gpt2.bin", tiny_gpt2())
    written(folder, "llama.bin", tiny_llama_ggjt())
    written(folder, "spm.gguf", spm_llama())
    return folder


@pytest.fixture
def make_worker(old_models: Path, tmp_path: Path) -> MakeWorker:
    """Makes a worker, not started, for a model of that folder or a path."""
    files = [describe_file(path) for path in sorted(old_models.iterdir())]

    def make(model: str, **options: object) -> Worker:
        spec = ModelSpec("ctransformers", model)
        host = HostConfig(tmp_path / "cache", files, 2)
        return Worker("ctransformers", spec, options, host, tmp_path / "logs" / "worker.log")

    return make
