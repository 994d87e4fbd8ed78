"""API keys: bound to an origin, kept private, shown nowhere."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from g4tui.keys import KeyRing, origin_of
from g4tui.paths import Paths
from support.command_line import CommandLine, command
from support.terminal import Terminal

SECRET = "sk-test-0123456789abcdef"
OFFICIAL = "https://api.openai.com/v1"
RING = '''
import json
from pathlib import Path
from keyring.backend import KeyringBackend


class Keyring(KeyringBackend):
    """One that keeps keys in a file beside itself."""

    priority = 10
    file = Path(__file__).with_name("ring.json")

    def _read(self):
        return json.loads(self.file.read_text()) if self.file.exists() else {}

    def get_password(self, service, username):
        return self._read().get(f"{service}/{username}")

    def set_password(self, service, username, password):
        self.file.write_text(json.dumps({**self._read(), f"{service}/{username}": password}))

    def delete_password(self, service, username):
        kept = self._read()
        del kept[f"{service}/{username}"]
        self.file.write_text(json.dumps(kept))
'''


@pytest.fixture
def paths(home: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    monkeypatch.setattr("g4tui.keys._keyring", lambda: None)
    return Paths.from_environment({"G4TUI_HOME": str(home)})


def test_a_key_is_given_to_its_origin_only(paths: Paths) -> None:
    ring = KeyRing(paths, {})
    assert ring.set("openai", OFFICIAL, f" {SECRET}\n") == "file"
    assert ring.get("openai", "https://API.openai.com") == SECRET
    for other in ("https://api.openai.com:444", "http://api.openai.com", "https://evil.example"):
        assert ring.get("openai", other) is None
    assert ring.get("openai@local", OFFICIAL) is None


def test_the_environment_goes_first_and_is_bound_too(paths: Paths) -> None:
    ring = KeyRing(paths, {"OPENAI_API_KEY": "from-environment"})
    ring.set("openai", OFFICIAL, SECRET)
    assert ring.get("openai", OFFICIAL) == "from-environment"
    assert ring.get("openai", "http://127.0.0.1:8080") is None
    assert [each.place for each in ring.list()] == ["environment", "file"]


def test_the_file_is_private_and_stays_so(paths: Paths) -> None:
    ring = KeyRing(paths, {})
    ring.set("openai", OFFICIAL, SECRET)
    assert paths.keys_file.stat().st_mode & 0o777 == 0o600
    paths.keys_file.chmod(0o644)
    assert ring.get("openai", OFFICIAL) == SECRET
    assert paths.keys_file.stat().st_mode & 0o777 == 0o600


def test_a_key_is_replaced_and_removed(paths: Paths) -> None:
    ring = KeyRing(paths, {})
    ring.set("openai", OFFICIAL, SECRET)
    ring.set("openai@local", "http://127.0.0.1:8080/v1", "local-key")
    ring.set("openai", OFFICIAL, "second-key")
    assert ring.get("openai", OFFICIAL) == "second-key"
    assert ring.remove("openai") == 1
    assert ring.remove("openai") == 0
    assert ring.get("openai", OFFICIAL) is None
    assert ring.get("openai@local", "http://127.0.0.1:8080") == "local-key"
    assert SECRET not in paths.keys_file.read_text()


@pytest.mark.parametrize("key", ["", " ", "two words", "line\nbreak", "schlüssel", "esc\x1b"])
def test_what_cannot_be_a_key_is_refused_without_showing_it(paths: Paths, key: str) -> None:
    with pytest.raises(G4tuiError) as caught:
        KeyRing(paths, {}).set("openai", OFFICIAL, key)
    assert caught.value.info.kind == "usage"
    assert not paths.keys_file.exists()
    assert key.strip() == "" or key not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b'{"keys": [{"key": "sk-half', b"[1]", b"\xff"])
def test_a_damaged_file_is_told_without_its_content(paths: Paths, content: bytes) -> None:
    paths.config.mkdir(parents=True)
    paths.keys_file.write_bytes(content)
    with pytest.raises(G4tuiError) as caught:
        KeyRing(paths, {}).get("openai", OFFICIAL)
    assert str(paths.keys_file) in str(caught.value)
    assert "sk-half" not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("url", ["", "api.openai.com", "ftp://x", "https://", "https://x:port"])
def test_what_is_no_address_has_no_origin(url: str) -> None:
    with pytest.raises(G4tuiError):
        origin_of(url)


def test_keys_at_hand_and_their_like_are_taken_out_of_texts(paths: Paths) -> None:
    ring = KeyRing(paths, {"OPENAI_API_KEY": "plain-looking-word"})
    ring.set("openai@x", "https://x", "another-word")
    text = ring.redacted(
        f"plain-looking-word another-word {SECRET} Authorization: Bearer abc.def-ghi"
    )
    for secret in ("plain-looking", "another-word", SECRET, "abc.def"):
        assert secret not in text


def test_a_keyring_is_used_where_there_is_one(process: CommandLine, site: Path, home: Path) -> None:
    (site / "a_ring.py").write_text(RING)
    environment = {"PYTHON_KEYRING_BACKEND": "a_ring.Keyring"}
    kept = process("keys", "set", "openai", input=SECRET + "\n", environment=environment)
    assert kept.code == 0, kept.err
    assert "keyring" in kept.out
    assert SECRET in (site / "ring.json").read_text()
    assert SECRET not in (home / "config" / "keys.json").read_text()
    listed = json.loads(process("keys", "list", "--json", environment=environment).out)
    assert [each["place"] for each in listed] == ["keyring"]
    ring = "from g4tui.keys import KeyRing; from g4tui.paths import Paths"
    get = "print(KeyRing(Paths.from_environment()).get('openai', 'https://api.openai.com'))"
    done = subprocess.run(
        [sys.executable, "-c", f"{ring}; {get}"],
        capture_output=True,
        text=True,
        env=process.environment | environment,
    )
    assert done.stdout.strip() == SECRET, done.stderr
    assert process("keys", "rm", "openai", environment=environment).code == 0
    assert SECRET not in (site / "ring.json").read_text()


def test_keys_are_set_listed_and_removed_and_never_shown(process: CommandLine) -> None:
    process("config", "set", "backends.openai.servers.local.base_url", "http://127.0.0.1:9/v1")
    for name, origin in (
        ("openai", "https://api.openai.com:443"),
        ("openai@local", "http://127.0.0.1:9"),
    ):
        result = process("keys", "set", name, input=SECRET)
        assert result.code == 0, result.err
        assert origin in result.out
        assert SECRET not in result.out + result.err
    short = process("keys", "set", "local", "--json", input=SECRET)
    assert json.loads(short.out)["server"] == "openai@local"
    listed = process("keys", "list")
    assert "openai@local" in listed.out
    assert SECRET not in listed.out
    assert process("keys", "rm", "openai").code == 0
    assert process("keys", "rm", "openai").code == 1


def test_a_server_without_a_known_address_asks_for_it(process: CommandLine) -> None:
    refused = process("keys", "set", "other", input=SECRET)
    assert refused.code == 2
    assert "--url" in refused.err
    assert process("keys", "set", "other", "--url", "https://x.example/v1", input=SECRET).code == 0


def test_in_a_terminal_the_key_is_typed_unseen(process: CommandLine, home: Path) -> None:
    line = command("keys", "set", "openai")
    with Terminal(line, environment=process.environment) as terminal:
        terminal.wait_for("Key for https://api.openai.com:443")
        terminal.type(SECRET + "\r")
        assert terminal.wait_exit() == 0
        assert SECRET.encode() not in bytes(terminal.raw)
    assert SECRET in (home / "config" / "keys.json").read_text()
    with Terminal(line, environment=process.environment) as terminal:
        terminal.wait_for("Key for")
        terminal.press("ctrl+c")
        assert terminal.wait_exit() == 130
