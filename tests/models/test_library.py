"""What lies on this machine: found, registered, described, removed."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4tui.core import Cancel, G4tuiError
from g4tui.models import DEFAULT, Library, catalogue
from g4tui.models import headers as headers_module
from g4tui.models.sources import (
    HubSource,
    PathSource,
    PypiSource,
    UrlSource,
    check_name,
    name_of,
    parse_source,
)
from g4tui.paths import Paths
from support.model_files import Gguf, spm_llama, tiny_gguf, tiny_gpt2, written

from .test_pull import nothing


def names(library: Library) -> list[str]:
    return [file.name for file in library.files()]


def test_files_of_the_folder_are_found_sound_or_not(library: Library, paths: Paths) -> None:
    written(paths.models, "one.gguf", spm_llama())
    written(paths.models, "old.bin", tiny_gpt2(layers=1))
    written(paths.models, "bad.gguf", b"nonsense")
    written(paths.models, "half.gguf.part", b"GGUF")
    written(paths.models, "notes.txt", b"words")
    (paths.models / "folder.gguf").mkdir()
    found = {file.name: file for file in library.files()}
    assert list(found) == ["bad", "folder", "old", "one"]
    assert found["one"].error == found["old"].error == ""
    assert "neither GGUF nor GGML" in found["bad"].error
    assert "folder" in found["folder"].error


def test_what_is_no_model_file_is_named_with_its_reason(library: Library, paths: Paths) -> None:
    path = written(paths.models, f"{DEFAULT}.gguf", b"")
    with pytest.raises(G4tuiError) as caught:
        library.info(DEFAULT)
    assert str(path) in caught.value.info.detail
    assert "empty" in caught.value.info.detail
    assert f"g4tui models pull {DEFAULT}" in caught.value.info.remedy
    with pytest.raises(G4tuiError, match="folder"):
        library.info(str(paths.models))


def test_a_folder_is_not_deleted_as_a_model(library: Library, paths: Paths) -> None:
    folder = paths.models / "m.gguf"
    folder.mkdir()
    with pytest.raises(G4tuiError, match="It is a folder"):
        library.remove("m")
    assert folder.is_dir()


def test_two_files_of_one_name_are_told_apart(library: Library, paths: Paths) -> None:
    written(paths.models, "m.gguf", spm_llama())
    written(paths.models, "m.bin", tiny_gpt2(layers=1))
    assert [(file.name, file.format) for file in library.files()] == [
        ("m", "gguf"),
        ("m.bin", "ggml"),
    ]


def test_a_model_in_parts_is_listed_once(library: Library, paths: Paths) -> None:
    for part in (1, 2):
        written(paths.models, f"big-0000{part}-of-00002.gguf", tiny_gguf())
    assert names(library) == ["big-00001-of-00002"]


def test_headers_are_read_once_and_again_when_the_file_changes(
    library: Library, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(paths.models, "m.gguf", tiny_gguf())
    assert library.files()[0].title == "Tiny"
    read: list[Path] = []
    real = headers_module.describe_file

    def describe(path: Path, name: str = "") -> object:
        read.append(path)
        return real(path, name)

    monkeypatch.setattr(headers_module, "describe_file", describe)
    library.files()
    assert read == []
    path.write_bytes(Gguf().text("general.name", "Other").bytes())
    os.utime(path, ns=(1, 1))
    assert library.files()[0].title == "Other"
    (paths.cache / "model-headers.json").write_text("{broken")
    assert library.files()[0].title == "Other"
    # What an older version remembered, which read less of a header, is read again.
    cache = paths.cache / "model-headers.json"
    old = {path: [*kept[:2], {**kept[2], "title": "", "own_name": ""}]
           for path, kept in json.loads(cache.read_text()).items()}  # fmt: skip
    cache.write_text(json.dumps(old))
    assert library.files()[0].own_name == "Other"


def test_a_path_is_registered_and_stays_where_it_is(
    library: Library, paths: Paths, tmp_path: Path
) -> None:
    path = written(tmp_path, "student.gguf", spm_llama())
    file = library.pull(str(path), nothing, Cancel())
    assert (file.name, file.path) == ("student", str(path))
    assert names(library) == ["student"]
    assert library.remove("student") is False
    assert path.exists()
    assert names(library) == []


def test_a_trained_model_registers_itself_with_its_card(library: Library, tmp_path: Path) -> None:
    path = written(tmp_path, "a.gguf", spm_llama())
    library.register(path, "my-student", card="/run/model_card.md")
    assert library.info("my-student").card == "/run/model_card.md"
    library.register(path, "my-student", card="/run2/model_card.md")
    assert library.info("my-student").card == "/run2/model_card.md"
    other = written(tmp_path, "b.gguf", spm_llama(seed=2))
    with pytest.raises(G4tuiError, match="my-student"):
        library.register(other, "my-student")
    with pytest.raises(G4tuiError):
        library.register(written(tmp_path, "c.gguf", b"nonsense"), "c")
    with pytest.raises(G4tuiError):
        library.register(tmp_path / "none.gguf", "none")


def test_an_adapter_tells_what_it_was_made_for(
    library: Library, paths: Paths, tmp_path: Path
) -> None:
    header = Gguf().text("general.type", "adapter").text("general.base_model.0.name", "Some Base")
    adapter = written(tmp_path, "lora.gguf", header.bytes())
    base = written(tmp_path, "base.gguf", tiny_gguf())
    library.register(base)
    library.register(adapter, card="/run/model_card.md")
    found = {file.name: file for file in library.files()}
    assert (found["lora"].base, found["lora"].card) == ("Some Base", "/run/model_card.md")
    assert (found["base"].base, found["base"].card, found["base"].own_name) == ("", "", "Tiny")
    library.register(adapter, base=base)
    assert library.find("lora").base == str(base)
    library.remove("base")  # what is not here any more says less than a name
    assert library.find("lora").base == "Some Base"


def test_a_registered_file_that_went_away_is_still_listed(library: Library, tmp_path: Path) -> None:
    path = written(tmp_path, "a.gguf", spm_llama())
    library.register(path)
    path.unlink()
    assert library.files()[0].error
    assert library.remove("a") is False


def test_a_model_is_found_by_name_full_name_and_path(library: Library, paths: Paths) -> None:
    path = written(paths.models, "m.gguf", spm_llama())
    for name in ("m", "llama-cpp:m", str(path), f"llama-cpp:{path}"):
        assert library.find(name).path == str(path)
    with pytest.raises(G4tuiError) as caught:
        library.find(DEFAULT)
    assert caught.value.info.remedy == f"g4tui models pull {DEFAULT}"


def test_info_tells_what_the_header_holds(library: Library, default_model: Path) -> None:
    library.register(default_model, "default")
    info = library.info("default")
    assert (info.form, info.tokenizer, info.vocabulary) == ("GGUF 3", "gpt2/smollm", 49_152)
    assert (info.layers, info.width, info.heads) == (30, 576, 9)
    assert info.special["eos"] == 2
    assert "<|im_start|>" in info.template
    assert [share.type for share in info.tensor_types] == ["Q4_1", "Q8_0", "F32"]
    assert sum(share.parameters for share in info.tensor_types) == 134_515_008
    assert info.metadata["tokenizer.ggml.merges"] == "[48900 x string]"


def test_removing_deletes_the_file(library: Library, paths: Paths) -> None:
    path = written(paths.models, "m.gguf", spm_llama())
    assert library.remove("llama-cpp:m") is True
    assert not path.exists()
    with pytest.raises(G4tuiError) as caught:
        library.remove("m")
    assert caught.value.info.kind == "missing"


def test_a_broken_registry_is_an_error_that_names_it(library: Library, paths: Paths) -> None:
    (paths.models / "registry.json").write_text("{broken")
    with pytest.raises(G4tuiError, match=r"registry\.json"):
        library.files()


@pytest.mark.parametrize(
    ("text", "source", "name"),
    [
        ("pypi:a-b==1.0/c/d.gguf", PypiSource("a-b", "1.0", "c/d.gguf"), "d"),
        ("pypi:a/d.gguf", PypiSource("a", "", "d.gguf"), "d"),
        ("hf:o/r/f.gguf", HubSource("o/r", "f.gguf"), "f"),
        ("hf:o/r@v1/sub/f.Q4_0.gguf", HubSource("o/r", "sub/f.Q4_0.gguf", "v1"), "f.Q4_0"),
        ("https://x.org/a%20b.gguf?x=1", UrlSource("https://x.org/a%20b.gguf?x=1"), "a b"),
        ("/m/student.gguf", PathSource(Path("/m/student.gguf")), "student"),
    ],
)
def test_a_source_is_read_and_named(text: str, source: object, name: str) -> None:
    assert parse_source(text) == source
    assert name_of(parse_source(text)) == name


@pytest.mark.parametrize(
    "text",
    [
        "unknown",
        "pypi:a",
        "pypi:../x/y",
        "pypi:a==1/../../y",
        "pypi:a==1//etc/passwd",
        "pypi:-r/x",
        "hf:only/two",
        "hf:o/r/../../x",
        "http://models.example/x.gguf",
        "https:///x.gguf",
        "https://[bad/x.gguf",
        "",
    ],
)
def test_a_source_that_makes_no_sense_is_refused(library: Library, text: str) -> None:
    with pytest.raises(G4tuiError) as caught:
        library.pull(text, nothing, Cancel())
    assert caught.value.info.kind == "usage"
    assert caught.value.info.remedy


@given(st.text(max_size=40))
def test_a_name_never_leaves_the_folder(text: str) -> None:
    try:
        name = check_name(text)
    except G4tuiError:
        return
    path = Path("/models") / f"{name}.gguf"
    assert path.parent == Path("/models")
    assert os.path.normpath(path) == str(path)


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "CON", "nul.x", "a\0b", "-x", "a."])
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(G4tuiError):
        check_name(name)


def test_the_catalogue_is_sound() -> None:
    entries = catalogue()
    assert entries[0].name == DEFAULT
    assert len({entry.name for entry in entries}) == len(entries)
    for entry in entries:
        assert check_name(entry.name) == entry.name
        parse_source(entry.source)
        assert entry.ram_bytes > entry.size_bytes > 0
        assert entry.licence
        assert bool(entry.sha256) == entry.exact
