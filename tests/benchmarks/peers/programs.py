"""How each program is pointed at a server on loopback, asked, and opened again.

Every program has an environment of its own and is given a home of its own.
"""

import json
import os
import sqlite3
import subprocess
import time
from pathlib import Path

from support.terminal import Terminal

QUIET_S, SETTLED_S = 0.4, 10.0


def settle(terminal: Terminal) -> str:
    """Wait until nothing is written for a moment (shorter than a blink of a cursor); the screen."""
    ended = time.monotonic() + SETTLED_S
    while time.monotonic() < ended:
        read = len(terminal.raw)
        time.sleep(QUIET_S)
        if read == len(terminal.raw):
            break
    return terminal.text()


class Program:
    """One in `folder`, the environment it is installed in."""

    package = ""
    script = ""
    ready = ""
    """On the screen once a question can be typed."""
    painted = b""
    """A part of that which is written in one piece."""
    send = "enter"
    has_version = True
    types_while_streaming = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def name(self) -> str:
        """As in the table."""
        return self.package

    @property
    def command(self) -> Path:
        """The program."""
        return self.folder / "bin" / self.script

    def arguments(self, model: str) -> list[str]:
        """What a chat with this model is started with."""
        return []

    def environment(self, home: Path) -> dict[str, str]:
        """Nothing of the person's own, and nothing fetched from the network at the start."""
        parts = {"CONFIG": ".config", "DATA": ".local/share", "CACHE": ".cache", "STATE": ".state"}
        return {
            "HOME": str(home),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            **{f"XDG_{name}_HOME": str(home / part) for name, part in parts.items()},
        }

    def configure(self, home: Path, address: str, model: str) -> None:
        """Write what makes `model` at `http://ADDRESS` the one that is asked."""

    def chat(self, home: Path, model: str) -> Terminal:
        """Started, not waited for."""
        return Terminal([self.command, *self.arguments(model)], environment=self.environment(home))

    def first(self, home: Path) -> Terminal:
        """As a person starts it who has set nothing up."""
        return Terminal([self.command], environment=self.environment(home))

    def ask(self, terminal: Terminal, question: str) -> None:
        """Type it and send it, once it stands there."""
        settle(terminal)
        terminal.type(question)
        terminal.wait_for(question)
        terminal.press(self.send)

    def reopen(self, home: Path, model: str) -> Terminal:
        """The chat that was had last, after a crash, as far as it can be had again."""
        terminal = self.chat(home, model)
        terminal.wait_for(self.ready)
        return terminal

    def run(self, home: Path, *arguments: str) -> str:
        """What a command prints."""
        environment = {"PATH": os.environ["PATH"], **self.environment(home)}
        return subprocess.run(
            [self.command, *arguments], env=environment, capture_output=True, text=True, check=True
        ).stdout


class G4tui(Program):
    """Ours, with what it needs to speak to a server."""

    package = script = "g4tui"
    ready, painted = "Ask something", b"Help"

    def environment(self, home: Path) -> dict[str, str]:
        return {**super().environment(home), "G4TUI_HOME": str(home)}

    def configure(self, home: Path, address: str, model: str) -> None:
        file = home / "config" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text(
            f'[chat]\nmodel = "openai@loopback:{model}"\n'
            f'[backends.openai.servers.loopback]\nbase_url = "http://{address}/v1"\n'
        )

    def reopen(self, home: Path, model: str) -> Terminal:
        (session,) = json.loads(self.run(home, "sessions", "list", "--json"))
        terminal = Terminal(
            [self.command, "--session", session["id"]], environment=self.environment(home)
        )
        terminal.wait_for("interrupted")
        return terminal


class Elia(Program):
    """Speaks through litellm; sends with Ctrl+J."""

    package, script = "elia-chat", "elia"
    ready, painted = "Enter your message", b"Enter your message"
    send = "ctrl+j"
    has_version = False

    def configure(self, home: Path, address: str, model: str) -> None:
        file = home / ".config" / "elia" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text(
            f'default_model = "{model}"\n[[models]]\nid = "{model}"\nname = "openai/{model}"\n'
            f'api_base = "http://{address}/v1"\napi_key = "none"\n'
        )

    def reopen(self, home: Path, model: str) -> Terminal:
        terminal = super().reopen(home, model)
        settle(terminal)
        terminal.press("down", "down", "enter")  # out of the prompt, to the first chat
        terminal.wait_for("esc Close chat")
        return terminal


class Oterm(Program):
    """Speaks to Ollama; a chat is made before it starts, since its dialog needs the mouse."""

    package = script = "oterm"
    ready, painted = "submit", b"submit"

    def environment(self, home: Path) -> dict[str, str]:
        told = home / "address"
        address = told.read_text() if told.exists() else "127.0.0.1:11434"
        return {
            **super().environment(home),
            "OTERM_DATA_DIR": str(home / "data"),
            "OLLAMA_HOST": address,
        }

    def configure(self, home: Path, address: str, model: str) -> None:
        (home / "data").mkdir(parents=True)
        (home / "data" / "config.json").write_text(json.dumps({"splash-screen": False}))
        (home / "address").write_text(address)
        self.run(home, "--upgrade")  # makes the database
        with sqlite3.connect(home / "data" / "store.db") as store:
            store.execute("INSERT INTO chat (name, model) VALUES ('one', ?)", (model,))
        store.close()


class Parllama(Program):
    """Speaks through LangChain; sends nothing until it has looked for models and chosen ours."""

    package = script = "parllama"
    ready, painted = "▊  rate-", b"ype a message"

    def configure(self, home: Path, address: str, model: str) -> None:
        file = home / ".local" / "share" / "parllama" / "settings.json"
        file.parent.mkdir(parents=True)
        settings = {
            "schema_version": 2,
            "starting_tab": "Chat",
            "use_last_tab_on_startup": False,
            "last_llm_config": {"provider": "OpenAI", "model_name": model},
            "ollama": {"ollama_host": f"http://{address}"},
            "provider": {
                "provider_base_urls": {"OpenAI": f"http://{address}/v1"},
                "provider_api_keys": {"OpenAI": "none"},
            },
            "ui": {"show_first_run": False, "check_for_updates": False},
        }
        file.write_text(json.dumps(settings))

    def reopen(self, home: Path, model: str) -> Terminal:
        terminal = self.chat(home, model)
        terminal.wait_for("Type a message")
        settle(terminal)
        terminal.press("ctrl+s")
        terminal.wait_for("Load New Tab")
        settle(terminal)
        terminal.press("down", "enter")
        return terminal


class Llm(Program):
    """A command line; no screen of its own."""

    package = script = "llm"
    ready, painted = "Type 'exit'", b"Type 'exit'"
    types_while_streaming = False

    def arguments(self, model: str) -> list[str]:
        return ["chat", "-m", model]

    def first(self, home: Path) -> Terminal:
        return Terminal([self.command, "chat"], environment=self.environment(home))

    def environment(self, home: Path) -> dict[str, str]:
        return {**super().environment(home), "LLM_USER_PATH": str(home)}

    def configure(self, home: Path, address: str, model: str) -> None:
        (home / "extra-openai-models.yaml").write_text(
            f"- model_id: {model}\n  model_name: {model}\n  api_base: http://{address}/v1\n"
            "  api_key_name: none\n"
        )
        (home / "keys.json").write_text('{"none": "none"}')

    def reopen(self, home: Path, model: str) -> Terminal:
        terminal = Terminal([self.command, "logs"], environment=self.environment(home))
        terminal.wait_exit()
        return terminal


PROGRAMS: tuple[type[Program], ...] = (G4tui, Elia, Oterm, Parllama, Llm)
