"""`g4tui config`: settings seen and changed by hand."""

import json
from collections.abc import Callable
from pathlib import Path

from support.command_line import Result

G4tui = Callable[..., Result]


def test_a_setting_goes_in_and_comes_out(g4tui: G4tui) -> None:
    assert g4tui("config", "set", "chat.model", "openai:gpt-4o-mini").code == 0
    assert g4tui("config", "get", "chat.model").out == "openai:gpt-4o-mini\n"
    found = json.loads(g4tui("config", "get", "chat.model", "--json").out)
    assert found == {"key": "chat.model", "value": "openai:gpt-4o-mini", "origin": "settings.toml"}
    assert 'chat.model = "openai:gpt-4o-mini"  # settings.toml' in g4tui("config", "show").out
    assert g4tui("config", "unset", "chat.model").code == 0
    assert "# default" in g4tui("config", "show").out.splitlines()[0]


def test_every_parameter_is_shown(g4tui: G4tui) -> None:
    shown = g4tui("config", "show").out
    for name in ("temperature", "top_k", "seed", "max_tokens"):
        assert f"chat.params.{name} = unset" in shown
    assert g4tui("config", "get", "chat.params.seed").out == "unset\n"


def test_a_setting_that_has_no_effect_says_so(g4tui: G4tui, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text('ui.theme = "nord"\n')
    code, _, err = g4tui("config", "set", "ui.theme", "dracula")
    assert code == 0
    assert str(home / "config" / "config.toml") in err
    assert g4tui("config", "get", "ui.theme").out == "nord\n"


def test_a_wrong_key_or_value_is_a_usage_error(g4tui: G4tui) -> None:
    for key, value, word in (
        ("chat.modle", "x", "Did you mean model?"),
        ("ui.flush_ms", "soon", "expected integer"),
        ("chat.params.top_p", "7", "not within 0 to 1"),
        ("chat.params.top_p", "hot", "top_p: expected number, got text."),
        ("backends.openai.base_ulr", "http://x", "Did you mean base_url?"),
        ("backends.openai.find_local", "perhaps", "find_local"),
        ("chat.model", "gpt-4o-mini", "Did you mean openai:gpt-4o-mini?"),
        ("compare.teacher", "nonsense", "should read backend:model"),
    ):
        code, out, err = g4tui("config", "set", key, value)
        assert (code, out) == (2, ""), key
        assert word in err
        assert "g4tui config show" in err or key.startswith(("chat.m", "compare")), "what to do"
    assert g4tui("config", "get", "nonsense").code == 2


def test_a_key_is_mapped_by_the_name_of_its_action(g4tui: G4tui) -> None:
    assert g4tui("config", "set", "keys.chat.new", "ctrl+k").code == 0
    assert g4tui("config", "get", 'keys."chat.new"').out == "ctrl+k\n"
    assert g4tui("config", "unset", "keys.chat.new").code == 0
    assert g4tui("config", "get", "keys").out == "{}\n"


def test_a_backends_setting_is_checked_by_its_backend(g4tui: G4tui) -> None:
    assert g4tui("config", "set", "backends.openai.find_local", "false").code == 0
    assert g4tui("config", "get", "backends.openai.find_local").out == "false\n"
    assert g4tui("config", "set", "backends.not-installed.anything", "1").code == 0


def test_a_script_gets_the_path_of_the_settings_alone(g4tui: G4tui, home: Path) -> None:
    assert g4tui("config", "path").out == f"{home / 'config' / 'config.toml'}\n"
    every = g4tui("config", "path", "--all").out.splitlines()
    assert [line.split()[0] for line in every] == ["config", "settings", "data", "cache"]


def test_paths_are_told_even_when_settings_are_broken(g4tui: G4tui, home: Path) -> None:
    (home / "config").mkdir(parents=True)
    (home / "config" / "config.toml").write_text("[broken")
    found = json.loads(g4tui("config", "path", "--json").out)
    assert found["config"] == str(home / "config" / "config.toml")
    code, out, err = g4tui("config", "show")
    assert (code, out) == (1, "")
    assert "config.toml" in err
