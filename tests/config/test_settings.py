"""Settings: read from two files, every wrong key named."""

import tomllib
from pathlib import Path

import msgspec
import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from g4tui.config import (
    ChatSettings,
    Settings,
    backend_options,
    load_settings,
    set_setting,
    setting,
    unset_setting,
)
from g4tui.config.params import RULES
from g4tui.config.tables import dotted, parse_key
from g4tui.core import Backend, G4tuiError, NoOptions, Params
from g4tui.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    found = Paths.from_environment({"G4TUI_HOME": str(tmp_path)})
    found.config.mkdir()
    return found


def error_of(paths: Paths) -> str:
    with pytest.raises(G4tuiError) as caught:
        load_settings(paths)
    assert caught.value.info.kind == "config"
    return str(caught.value)


def test_without_files_the_defaults_hold(tmp_path: Path) -> None:
    loaded = load_settings(Paths.from_environment({"G4TUI_HOME": str(tmp_path / "none")}))
    assert loaded.settings == Settings()
    assert loaded.origins == {}


def test_the_persons_file_goes_before_ours_and_is_never_written(paths: Paths) -> None:
    own = '# mine\n[ui]\ntheme = "nord"\n'
    paths.config_file.write_text(own)
    result = set_setting(paths, "ui.theme", "dracula")
    assert result.overridden_by == paths.config_file
    assert set_setting(paths, "ui.flush_ms", "50").overridden_by is None
    loaded = load_settings(paths)
    assert loaded.settings.ui.theme == "nord"
    assert loaded.settings.ui.flush_ms == 50
    assert loaded.origins == {"ui.theme": "config.toml", "ui.flush_ms": "settings.toml"}
    assert paths.config_file.read_text() == own


@pytest.mark.parametrize(
    ("text", "key", "guess"),
    [
        ("[chat]\nmodle = 'a:b'", "chat.modle", "model"),
        ("[chat.params]\ntemprature = 1", "chat.params.temprature", "temperature"),
        ("[plugin]\ndisabled = []", "plugin", "plugins"),
        ("[ui]\nTheme = 'x'", "ui.Theme", "theme"),
    ],
)
def test_an_unknown_key_names_file_key_and_the_nearest(
    paths: Paths, text: str, key: str, guess: str
) -> None:
    paths.config_file.write_text(text)
    told = error_of(paths)
    assert str(paths.config_file) in told
    assert key in told
    assert f"Did you mean {guess}?" in told


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[ui]\nflush_ms = 'fast'", "ui.flush_ms"),
        ("[ui]\nflush_ms = 0", "ui.flush_ms"),
        ("[chat.params]\ntop_p = 1.5", "chat.params.top_p"),
        ("[chat.params]\ntemperature = nan", "chat.params.temperature"),
        ("chat = 3", "chat"),
        ("[plugins]\ndisabled = 'x'", "plugins.disabled"),
        ("[keys]\nquit = 'ctrl+q'\nsend = 3", "keys.send: expected text"),
        ("[keys]\n'chat.new' = 3", 'keys."chat.new": expected text'),
        ("[chat.params]\nstop = ['a', 3]", "chat.params.stop[1]: expected text"),
        ("[backends]\nopenai = 3", "backends.openai: expected table"),
        ("backends = []", "backends"),
    ],
)
def test_a_wrong_value_names_file_and_key(paths: Paths, text: str, key: str) -> None:
    paths.settings_file.write_text(text)
    told = error_of(paths)
    assert str(paths.settings_file) in told
    assert key in told


@pytest.mark.parametrize(
    "content",
    [
        b"[chat\n",
        b"\xff\xfe\x00",
        b"a = " + b"[" * 3000 + b"]" * 3000,
        b"[ui]\n[ui]\n",
        b"\x00",
        b"a = " + b"9" * 5000,
    ],
    ids=range(6),
)
def test_a_broken_file_is_named_and_left_alone(paths: Paths, content: bytes) -> None:
    paths.settings_file.write_bytes(content)
    assert str(paths.settings_file) in error_of(paths)
    with pytest.raises(G4tuiError, match=r"settings\.toml"):
        set_setting(paths, "ui.theme", "nord")
    assert paths.settings_file.read_bytes() == content


def test_a_folder_where_the_file_should_be_is_an_error(paths: Paths) -> None:
    paths.config_file.mkdir()
    assert f"Move the folder {paths.config_file} away" in error_of(paths)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("chat.model", "openai:gpt-4o-mini", "openai:gpt-4o-mini"),
        ("chat.system", "3", "3"),
        ("chat.system", 'say "hi"\nnow', 'say "hi"\nnow'),
        ("chat.params.temperature", "0.7", 0.7),
        ("chat.context", "4096", 4096),
        ("plugins.disabled", "a, b", ["a", "b"]),
        ("plugins.disabled", '["a"]', ["a"]),
        ("keys.send", "ctrl+s", "ctrl+s"),
        ("backends.llama-cpp.threads", "2", 2),
        ("backends.x.flag", "true", True),
        ("backends.x.text", "[" * 2000, "[" * 2000),
        ("backends.x.text", "9" * 5000, "9" * 5000),
        ("backends.openai.base_url", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"),
        ('backends.openai.servers."my.host".base_url', "http://h/v1", "http://h/v1"),
    ],
)
def test_a_value_is_typed_as_a_person_types_it(
    paths: Paths, key: str, text: str, value: object
) -> None:
    set_setting(paths, key, text)
    assert setting(load_settings(paths).settings, key) == value


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("chat.modle", "x"),
        ("chat", "x"),
        ("ui.flush_ms", "x"),
        ("ui.flush_ms.more", "1"),
        ("chat.params.seed", "-1"),
        ("", "x"),
        ("a b", "x"),
        ("chat..model", "x"),
        ("=", "x"),
        ("backends.x" + ".x" * 2000, "x"),
        ("a={" * 2000, "x"),
    ],
    ids=range(11),
)
def test_a_refused_value_changes_nothing(paths: Paths, key: str, text: str) -> None:
    set_setting(paths, "ui.theme", "nord")
    before = paths.settings_file.read_bytes()
    with pytest.raises(G4tuiError) as caught:
        set_setting(paths, key, text)
    assert caught.value.info.kind == "usage"
    assert paths.settings_file.read_bytes() == before
    assert sorted(each.name for each in paths.config.iterdir()) == ["settings.toml"]


def test_unset_takes_out_what_set_wrote(paths: Paths) -> None:
    set_setting(paths, "chat.params.top_k", "5")
    assert unset_setting(paths, "chat.params.top_k")
    assert not unset_setting(paths, "chat.params.top_k")
    assert load_settings(paths).settings == Settings()


param_values = st.fixed_dictionaries(
    {},
    optional={
        name: st.integers(int(rule.low), int(rule.high))
        if rule.kind is int
        else st.floats(rule.low, rule.high)
        for name, rule in RULES.items()
    },
)
plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
settings_values = st.builds(
    Settings,
    chat=st.builds(
        ChatSettings,
        model=plain,
        system=plain,
        params=param_values.map(lambda values: msgspec.convert(values, Params)),
        context=st.none() | st.integers(16, 1 << 20),
    ),
    keys=st.dictionaries(plain, plain, max_size=3),
    backends=st.dictionaries(
        plain, st.dictionaries(plain, plain | st.integers(-5, 5), max_size=2), max_size=2
    ),
)


def without_none(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_none(each) for key, each in value.items() if each is not None}
    return value


@given(settings_values)
def test_settings_survive_being_written_and_read(
    tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> None:
    paths = Paths.from_environment({"G4TUI_HOME": str(tmp_path_factory.mktemp("config"))})
    paths.config.mkdir()
    plain_values = without_none(msgspec.to_builtins(settings))
    assert isinstance(plain_values, dict)
    paths.config_file.write_bytes(tomli_w.dumps(plain_values).encode())
    assert load_settings(paths).settings == settings


@given(st.lists(plain, min_size=1, max_size=4))
def test_any_key_can_be_typed(parts: list[str]) -> None:
    assert parse_key(dotted(tuple(parts))) == tuple(parts)


class Server(msgspec.Struct, frozen=True):
    url: str = ""


class Place(msgspec.Struct, frozen=True):
    where: str


class Options(msgspec.Struct, frozen=True):
    threads: int = 1
    servers: dict[str, Server] = {}
    places: dict[str, Place] = {}


class Some(Backend[Options]):
    name = "some"
    options = Options

    def models(self, host, options):  # type: ignore[no-untyped-def]
        return []

    def open(self, spec, options, host):  # type: ignore[no-untyped-def]
        raise NotImplementedError


def test_a_backends_table_is_its_own_type(paths: Paths) -> None:
    paths.config_file.write_text('[backends.some]\nthreads = 3\nservers.a.url = "u"\n')
    options = backend_options(load_settings(paths).settings, Some())
    assert options == Options(3, {"a": Server("u")})
    assert backend_options(Settings(), Some()) == Options()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("threds = 3", ["[backends.some]", "threds", "Did you mean threads?"]),
        ("servers.a.ulr = 'x'", ["servers.a.ulr", "Did you mean url?"]),
        ("threads = 'x'", ["threads", "expected integer"]),
        ("servers.a.url = 'x'\nservers.b.url = 3", ["servers.b.url: expected text"]),
        ("[backends.some.places.here]", ["places.here: it lacks where"]),
        ("servers.'a.b'.url = 3", ['servers."a.b".url: expected text']),
        ("servers.a.url = 'x'\nservers.'b.c' = 3", ['servers."b.c": expected table']),
    ],
)
def test_a_wrong_backends_table_is_told_when_it_is_used(
    paths: Paths, text: str, words: list[str]
) -> None:
    paths.config_file.write_text(f"[backends.some]\n{text}\n")
    settings = load_settings(paths).settings
    with pytest.raises(G4tuiError) as caught:
        backend_options(settings, Some())
    assert caught.value.info.kind == "config"
    assert all(word in str(caught.value) for word in words)


def test_a_backend_without_options_takes_none() -> None:
    class Bare(Some):
        options = NoOptions  # type: ignore[assignment]

    with pytest.raises(G4tuiError, match="Known: none"):
        backend_options(Settings(backends={"some": {"a": 1}}), Bare())


def test_what_is_written_is_private_toml(paths: Paths) -> None:
    set_setting(paths, "chat.system", "x")
    assert paths.settings_file.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(paths.settings_file.read_text()) == {"chat": {"system": "x"}}
