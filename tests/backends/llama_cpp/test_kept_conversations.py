"""What a conversation has evaluated is kept on disk: reused when whole, and never trusted."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from g4tui.core import Params
from g4tui_llama_cpp import kv_store
from g4tui_llama_cpp.options import LlamaCppOptions
from support.local_engine import GREEDY, Local

pytestmark = pytest.mark.model
TALK = " ".join(f"Item {i} costs {i * 7 % 91} dollars." for i in range(10))


@pytest.fixture(scope="module")
def written(default_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The cache folder of a closed engine with one conversation, `talk`; the answer in it."""
    local = Local(default_model, tmp_path_factory.mktemp("written"))
    answer = local.say(TALK, key="talk").text
    local.close()
    return local.cache, answer


@pytest.fixture
def kept(written: tuple[Path, str], tmp_path: Path) -> tuple[Path, str]:
    """The same, to be changed at will."""
    cache = tmp_path / "kept"
    shutil.copytree(written[0], cache)
    return cache, written[1]


def files(cache: Path) -> list[Path]:
    return sorted((cache / "conversations" / "talk").iterdir())


def test_a_conversation_is_reopened_from_disk(
    opened: Callable[..., Local], kept: tuple[Path, str]
) -> None:
    cache, answer = kept
    local = opened(cache)
    heard = local.say(TALK, answer, "And the cheapest?", key="talk")
    assert heard.evaluated < 30
    assert heard.usage.cached > 90
    assert local.log == []


def test_asking_again_after_reopening_gives_the_same_answer(
    opened: Callable[..., Local], kept: tuple[Path, str]
) -> None:
    cache, answer = kept
    assert opened(cache).say(TALK, key="talk").text == answer


def test_nobody_else_can_read_it(kept: tuple[Path, str]) -> None:
    (file,) = files(kept[0])
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_each_conversation_gets_its_own_back(opened: Callable[..., Local]) -> None:
    local = opened()
    other = TALK.replace("dollars", "euros")
    one = local.say(TALK, key="one").text
    two = local.say(other, key="two").text
    local.say("A question by itself.")
    assert local.say(TALK, one, "Sure?", key="one").evaluated < 30
    assert local.say(other, two, "Sure?", key="two").evaluated < 30


def test_nothing_is_written_without_a_key_or_when_switched_off(
    opened: Callable[..., Local], tmp_path: Path
) -> None:
    local = opened(tmp_path / "none")
    local.say(TALK)
    local.close()
    switched_off = opened(tmp_path / "off", options=LlamaCppOptions(kv_cache=False))
    switched_off.say(TALK, key="talk")
    switched_off.close()
    assert [file for file in tmp_path.rglob("*") if file.is_file()] == []


def test_a_deleted_conversation_does_not_come_back(opened: Callable[..., Local]) -> None:
    local = opened()
    local.say(TALK, key="talk")
    shutil.rmtree(local.host.conversations / "talk")
    local.engine.idle()
    local.say("Something else.", key="other")
    assert not (local.host.conversations / "talk").exists()


def test_a_file_of_another_setting_is_not_read(
    opened: Callable[..., Local], kept: tuple[Path, str]
) -> None:
    cache, answer = kept
    for changed in ({"context": 768}, {"options": LlamaCppOptions(kv_type="q8_0")}):
        local = opened(cache, **changed)
        assert local.say(TALK, answer, "Sure?", key="talk").usage.cached == 0
        local.close()


def test_a_damaged_file_means_a_cold_start(
    opened: Callable[..., Local], kept: tuple[Path, str]
) -> None:
    cache, answer = kept
    (file,) = files(cache)
    data = file.read_bytes()
    middle = len(data) // 2
    local = opened(cache)
    for damage, changed in {
        "empty": b"",
        "halved": data[:middle],
        "without the end": data[:-1],
        "a byte changed": data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :],
        "text": b"not a cache\n" * 1000,
        "longer": data + b"\0",
        "a folder": None,
    }.items():
        local.say("Hello.", params=Params(max_tokens=1))  # takes the context
        file.unlink()
        if changed is None:
            file.mkdir()
        else:
            file.write_bytes(changed)
        heard = local.say(TALK, answer, "Sure?", key="talk")
        assert heard.usage.cached < 10, damage
        assert heard.text


def test_a_full_disk_is_only_logged(opened: Callable[..., Local], tiny_disk: Path) -> None:
    local = opened(tiny_disk)
    assert local.say(TALK, key="talk").text
    local.engine.idle()
    assert any("could not be kept" in line for line in local.log)
    assert list((tiny_disk / "conversations" / "talk").iterdir()) == []
    assert local.say(TALK, key="talk", params=GREEDY).text


def test_a_replaced_model_makes_old_files_worthless(default_model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "model.gguf"
    shutil.copyfile(default_model, copy)
    name = kv_store.identity(copy, "same build")
    assert kv_store.identity(copy, "same build") == name
    assert kv_store.identity(copy, "other build") != name
    with copy.open("r+b") as file:
        file.seek(100)
        file.write(b"x")
    assert kv_store.identity(copy, "same build") != name


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_no_damage_gets_past_the_check(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    """Native code reads the file only when every byte is what was written."""
    folder = tmp_path_factory.mktemp("kv")

    def save(path: Path) -> int:
        return path.write_bytes(b"state" * 20)

    kv_store.write(folder, save, "model", [1, 2, 3], [(0, 3)], [[3]])
    file = kv_store.file_of(folder, "model")
    whole = file.read_bytes()
    saved = kv_store.peek(folder, "model")
    assert saved is not None
    assert (saved.tokens, saved.answers) == ([1, 2, 3], [[3]])
    assert kv_store.intact(folder, saved)
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        file.write_bytes(whole[:at])
    else:
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :])
    damaged = kv_store.peek(folder, "model")
    assert damaged is None or not kv_store.intact(folder, damaged)
