"""Pulling over HTTP: resume, checks, and every way that it can fail."""

import errno
import hashlib
import threading
from pathlib import Path

import pytest

from g4tui.core import Cancel, G4tuiError
from g4tui.models import Library
from g4tui.models import library as library_module
from g4tui.models.catalogue import CatalogueEntry
from g4tui.models.download import Download, fetch
from g4tui.models.transfer import Writer
from g4tui.paths import Paths
from support.file_server import FileServer
from support.model_files import short, spm_llama, tiny_gguf, tiny_gpt2

MODEL = spm_llama()


def nothing(done: int, total: int) -> None:
    """Nobody looks."""


def kept(paths: Paths) -> list[str]:
    """What lies in the models folder, without the locks and the list."""
    hidden = {".locks", "registry.json"}
    return sorted(path.name for path in paths.models.iterdir() if path.name not in hidden)


def failure(library: Library, source: str) -> G4tuiError:
    with pytest.raises(G4tuiError) as caught:
        library.pull(source, nothing, Cancel())
    info = caught.value.info
    assert info.title and info.detail and info.remedy
    return caught.value


def test_a_model_is_pulled_under_its_own_name(
    library: Library, paths: Paths, server: FileServer
) -> None:
    server.files["/a/llama-spm.gguf"] = MODEL
    seen: list[tuple[int, int]] = []
    file = library.pull(f"{server.url}/a/llama-spm.gguf", lambda *at: seen.append(at), Cancel())
    assert (file.name, file.architecture, file.size_bytes) == ("llama-spm", "llama", len(MODEL))
    assert Path(file.path).read_bytes() == MODEL
    assert seen[0] == (0, len(MODEL))
    assert seen[-1] == (len(MODEL), len(MODEL))
    assert kept(paths) == ["llama-spm.gguf"]
    info = library.info("llama-cpp:llama-spm")
    assert info.sha256 == hashlib.sha256(MODEL).hexdigest()
    assert info.source == f"{server.url}/a/llama-spm.gguf"


def test_an_old_model_keeps_the_suffix_of_its_kind(library: Library, server: FileServer) -> None:
    server.files["/gpt2.bin"] = tiny_gpt2(layers=1)
    file = library.pull(f"{server.url}/gpt2.bin", nothing, Cancel(), name="old")
    assert (Path(file.path).name, file.format) == ("old.bin", "ggml")
    assert [each.name for each in library.files()] == ["old"]


def test_a_model_that_is_here_is_not_pulled_again(library: Library, server: FileServer) -> None:
    server.files["/m.gguf"] = MODEL
    for _ in range(2):
        library.pull(f"{server.url}/m.gguf", nothing, Cancel())
    assert len(server.requests) == 1


def test_a_broken_connection_goes_on_where_it_broke(library: Library, server: FileServer) -> None:
    server.files["/m.gguf"] = MODEL
    server.etags["/m.gguf"] = '"one"'
    server.cut_after = [100_000, 50_000]
    file = library.pull(f"{server.url}/m.gguf", nothing, Cancel())
    assert Path(file.path).read_bytes() == MODEL
    assert server.ranges_asked() == ["", "bytes=100000-", "bytes=150000-"]
    assert server.requests[1][1]["If-Range"] == '"one"'


def test_a_stop_keeps_what_came_and_another_pull_goes_on(
    library: Library, paths: Paths, server: FileServer
) -> None:
    server.files["/m.gguf"] = MODEL
    server.etags["/m.gguf"] = '"one"'
    cancel = Cancel()
    server.before_body = cancel.request
    with pytest.raises(G4tuiError, match="stopped"):
        library.pull(f"{server.url}/m.gguf", nothing, cancel)
    part = paths.models / "m.gguf.part"
    came = part.stat().st_size
    assert MODEL.startswith(part.read_bytes())
    assert library.files() == []
    server.before_body = lambda: None
    library.pull(f"{server.url}/m.gguf", nothing, Cancel())
    assert server.ranges_asked() == ["", f"bytes={came}-" if came else ""]
    assert kept(paths) == ["m.gguf"]


def test_a_stop_does_not_wait_for_a_server_that_stalls(
    library: Library, paths: Paths, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("g4tui.models.download.SILENCE_S", 60.0)
    content = MODEL.ljust(1 << 20, b"\0")
    server.files["/m.gguf"] = content
    half_way, go_on = threading.Event(), threading.Event()
    server.before_body = go_on.wait
    cancel, ended = Cancel(), list[G4tuiError]()

    def progress(done: int, total: int) -> None:
        if done == len(content) // 2:
            half_way.set()

    def pull() -> None:
        try:
            library.pull(f"{server.url}/m.gguf", progress, cancel)
        except G4tuiError as error:
            ended.append(error)

    puller = threading.Thread(target=pull, daemon=True)
    puller.start()
    try:
        assert half_way.wait(10)
        cancel.request()
        puller.join(20)
        assert [error.info.title for error in ended] == ["Pulling was stopped"]
    finally:
        go_on.set()
    assert content.startswith((paths.models / "m.gguf.part").read_bytes())


def test_a_file_that_changed_meanwhile_is_pulled_from_its_beginning(
    library: Library, paths: Paths, server: FileServer
) -> None:
    other = spm_llama(seed=2)
    server.files["/m.gguf"] = other
    server.etags["/m.gguf"] = '"one"'
    server.cut_after = [100_000]

    def change() -> None:
        server.files["/m.gguf"] = MODEL
        server.etags["/m.gguf"] = '"two"'

    server.before_body = change
    file = library.pull(f"{server.url}/m.gguf", nothing, Cancel())
    assert Path(file.path).read_bytes() == MODEL


def test_a_server_without_ranges_or_etag_is_asked_for_all_of_it(
    library: Library, server: FileServer
) -> None:
    server.files["/m.gguf"] = MODEL
    server.ranges = False
    server.cut_after = [100_000]
    file = library.pull(f"{server.url}/m.gguf", nothing, Cancel())
    assert Path(file.path).read_bytes() == MODEL
    assert server.ranges_asked() == ["", ""]


def test_a_server_that_always_breaks_off_is_given_up(library: Library, server: FileServer) -> None:
    server.files["/m.gguf"] = MODEL
    server.cut_after = [10] * 20
    assert failure(library, f"{server.url}/m.gguf").info.kind == "network"
    assert 2 < len(server.requests) < 10


@pytest.mark.parametrize(
    ("status", "kind"),
    [(404, "missing"), (401, "auth"), (403, "auth"), (429, "rate_limit"), (503, "server")],
)
def test_what_the_server_answers_is_told(
    library: Library, paths: Paths, server: FileServer, status: int, kind: str
) -> None:
    server.status["/m.gguf"] = status
    assert failure(library, f"{server.url}/m.gguf").info.kind == kind
    assert kept(paths) == []


def test_nobody_answers(library: Library) -> None:
    assert failure(library, "http://127.0.0.1:9/m.gguf").info.kind == "network"


@pytest.mark.parametrize(
    "content", [b"", b"<html>Sign in</html>", MODEL[:-50], b"GGUF" + bytes(90)], ids=short
)
def test_what_is_no_sound_model_is_not_kept(
    library: Library, paths: Paths, server: FileServer, content: bytes
) -> None:
    server.files["/m.gguf"] = content
    assert failure(library, f"{server.url}/m.gguf").info.kind == "model"
    assert kept(paths) == []


def test_a_folder_in_the_way_is_told_before_anything_comes(
    library: Library, paths: Paths, server: FileServer
) -> None:
    server.files["/m.gguf"] = MODEL
    for name in ("m.gguf", "m.gguf.part"):
        folder = paths.models / name
        folder.mkdir()
        error = failure(library, f"{server.url}/m.gguf").info
        assert str(folder) in error.detail
        assert "Move that folder away" in error.remedy
        assert kept(paths) == [name]
        assert server.requests == []
        folder.rmdir()
    library.pull(f"{server.url}/m.gguf", nothing, Cancel())


def test_a_lock_that_cannot_be_made_is_told_before_anything_comes(
    library: Library, paths: Paths, server: FileServer
) -> None:
    server.files["/m.gguf"] = MODEL
    (paths.models / ".locks").write_text("")
    error = failure(library, f"{server.url}/m.gguf").info
    assert str(paths.models / ".locks") in error.detail + error.remedy
    assert server.requests == []


def test_a_damaged_file_is_replaced_by_a_pull(
    library: Library, paths: Paths, server: FileServer
) -> None:
    server.files["/m.gguf"] = MODEL
    (paths.models / "m.gguf").write_bytes(b"nonsense")
    assert library.pull(f"{server.url}/m.gguf", nothing, Cancel()).error == ""
    assert library.files()[0].error == ""


def _catalogued(monkeypatch: pytest.MonkeyPatch, server: FileServer, **facts: object) -> None:
    entry = CatalogueEntry(
        **{
            "name": "listed",
            "title": "Listed",
            "source": f"{server.url}/m.gguf",
            "size_bytes": len(MODEL),
            "context": 256,
            "ram_bytes": 1,
            "licence": "mit",
            "exact": True,
            "sha256": hashlib.sha256(MODEL).hexdigest(),
            **facts,
        }  # type: ignore[arg-type]
    )
    monkeypatch.setattr(
        library_module, "entry_named", lambda name: entry if name == "listed" else None
    )


def test_the_catalogue_knows_the_hash(
    library: Library, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/m.gguf"] = MODEL
    _catalogued(monkeypatch, server)
    assert library.pull("listed", nothing, Cancel()).name == "listed"


@pytest.mark.parametrize("facts", [{"sha256": "0" * 64}, {"size_bytes": 5}])
def test_another_file_than_the_catalogue_knows_is_thrown_away(
    library: Library,
    paths: Paths,
    server: FileServer,
    monkeypatch: pytest.MonkeyPatch,
    facts: dict[str, object],
) -> None:
    server.files["/m.gguf"] = MODEL
    _catalogued(monkeypatch, server, **facts)
    assert failure(library, "listed").info.kind == "model"
    assert kept(paths) == []


def test_a_good_file_stays_when_its_replacement_fails(
    library: Library, paths: Paths, server: FileServer
) -> None:
    server.files["/m.gguf"] = MODEL
    library.pull(f"{server.url}/m.gguf", nothing, Cancel())
    server.files["/other"] = b"nonsense"
    with pytest.raises(G4tuiError):
        library.pull(f"{server.url}/other", nothing, Cancel(), name="m")
    assert (paths.models / "m.gguf").read_bytes() == MODEL


def test_a_redirect_is_followed_but_never_to_plain_http(
    library: Library, server: FileServer
) -> None:
    server.files["/real"] = tiny_gguf()
    server.redirects["/m.gguf"] = f"{server.url}/real"
    assert library.pull(f"{server.url}/m.gguf", nothing, Cancel()).name == "m"
    server.redirects["/n.gguf"] = "http://models.example/n.gguf"
    assert failure(library, f"{server.url}/n.gguf").info.kind == "usage"
    server.redirects["/f.gguf"] = "file://localhost/etc/passwd"
    assert failure(library, f"{server.url}/f.gguf").info.kind != "internal"


def test_a_key_does_not_go_to_another_host(server: FileServer, tmp_path: Path) -> None:
    server.files["/real"] = MODEL
    server.redirects["/m"] = server.url.replace("127.0.0.1", "localhost") + "/real"
    what = Download(f"{server.url}/m", headers={"Authorization": "Bearer secret"})
    fetch(what, tmp_path / "m.part", nothing, Cancel())
    assert [headers.get("Authorization") for _, headers in server.requests] == [
        "Bearer secret",
        None,
    ]


def test_two_pulls_of_one_name_do_not_clash(library: Library, server: FileServer) -> None:
    server.files["/m.gguf"] = MODEL
    arrived, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        arrived.set()
        go_on.wait(30)

    server.before_body = wait
    results: list[object] = []
    first = threading.Thread(
        target=lambda: results.append(library.pull(f"{server.url}/m.gguf", nothing, Cancel()))
    )
    first.start()
    try:
        assert arrived.wait(30)
        with pytest.raises(G4tuiError, match="being pulled already"):
            library.pull(f"{server.url}/m.gguf", nothing, Cancel())
        with pytest.raises(G4tuiError):
            library.remove("m")
    finally:
        go_on.set()
        first.join(30)
    assert len(results) == 1


def test_too_little_room_is_told_before_anything_comes(
    library: Library, paths: Paths, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.files["/m.gguf"] = MODEL
    monkeypatch.setattr("g4tui.models.transfer.RESERVE", 1 << 60)
    assert failure(library, f"{server.url}/m.gguf").info.kind == "storage"
    assert [name for name in kept(paths) if not name.endswith(".json")] == []


def test_a_disk_that_fills_up_gets_its_room_back(tmp_path: Path) -> None:
    part = tmp_path / "m.part"
    part.write_bytes(b"what came so far")
    with Path("/dev/full").open("wb", buffering=0) as full:
        writer = Writer(full, part, hashlib.sha256(), 0)
        with pytest.raises(G4tuiError) as caught:
            writer.write(b"x")
    assert caught.value.info.kind == "storage"
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.__cause__.errno == errno.ENOSPC
    assert not part.exists()
