"""Files of the Hugging Face Hub, which stands on loopback here."""

import hashlib
from pathlib import Path

import huggingface_hub.constants
import pytest

from g4tui.core import Cancel, G4tuiError
from g4tui.models import Library
from support.file_server import FileServer
from support.model_files import spm_llama

from .test_pull import nothing

MODEL = spm_llama(seed=4)
PLACE = "/maker/model-GGUF/resolve/main/model-q4.gguf"


@pytest.fixture
def hub(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """The hub with one file."""
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.url)
    monkeypatch.setattr("g4tui.models.sources.LOOPBACK", ("127.0.0.1",))
    template = server.url + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    server.files[PLACE] = MODEL
    server.etags[PLACE] = f'"{hashlib.sha256(MODEL).hexdigest()}"'
    server.extra[PLACE] = {"X-Repo-Commit": "c" * 40}
    return server


def test_a_file_of_the_hub(library: Library, hub: FileServer) -> None:
    file = library.pull("hf:maker/model-GGUF/model-q4.gguf", nothing, Cancel())
    assert file.name == "model-q4"
    assert Path(file.path).read_bytes() == MODEL


def test_the_hubs_hash_is_checked(library: Library, hub: FileServer) -> None:
    hub.etags[PLACE] = f'"{"0" * 64}"'
    with pytest.raises(G4tuiError) as caught:
        library.pull("hf:maker/model-GGUF/model-q4.gguf", nothing, Cancel())
    assert caught.value.info.kind == "model"


def test_a_file_that_the_hub_does_not_have(library: Library, hub: FileServer) -> None:
    with pytest.raises(G4tuiError) as caught:
        library.pull("hf:maker/model-GGUF/none.gguf", nothing, Cancel())
    assert caught.value.info.kind in ("missing", "network")
    assert caught.value.info.remedy


def test_without_huggingface_hub_the_pip_line_is_shown(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("g4tui.models.hub.find_spec", lambda name: None)
    with pytest.raises(G4tuiError) as caught:
        library.pull("hf:maker/model-GGUF/model-q4.gguf", nothing, Cancel())
    assert caught.value.info.kind == "missing"
    assert 'pip install "g4tui[hub]"' in caught.value.info.remedy
