"""The program in a real terminal: what reaches it, what it costs, and how it is left."""

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from g4tui.core import ErrorInfo, Failed, Finished, ReasoningDelta, TextDelta
from g4tui.store import Store
from support.terminal import Terminal

SUPPORT = Path(__file__).parent.parent / "support"
EVIL = (
    "\x1b]52;c;aGk=\x07 \x1b]8;;http://evil\x1b\\link\x1b]8;;\x1b\\ \x1b[2J \x1bP1$r\x1b\\"
    " \x9d52;c;aGk=\x9c \x9b31m \u202egpj.exe \u2066iso \U000e0041tag \x07"
    " &#8238;ent &#27;[31m &#x9b;31m"
)
FORBIDDEN = {
    "OSC 52": re.compile(rb"\x1b\]52"),
    "OSC 8": re.compile(rb"\x1b\]8;"),
    "DCS": re.compile(rb"\x1bP"),
    "clear": re.compile(rb"\x1b\[2J"),
    "C1": re.compile(rb"\xc2[\x80-\x9f]"),
    "bell": re.compile(rb"\x07"),
    "bidi": re.compile(rb"\xe2\x80[\xaa-\xae\x8e\x8f]|\xe2\x81[\xa6-\xa9]"),
    "tags": re.compile(rb"\xf3\xa0[\x80\x81]"),
}
POINTER = re.compile(rb"\x1b\]22;[a-z-]*\x07")  # the mouse pointer's shape, from Textual
LEFT = (b"\x1b[?1049l", b"\x1b[?25h", b"\x1b[?2004l", b"\x1b[?1000l")


class Started:
    """A running program and its home."""

    def __init__(self, terminal: Terminal, home: Path) -> None:
        self.terminal = terminal
        self.home = home

    def rows(self) -> list[Any]:
        """The messages of the newest session."""
        store = Store.open(self.home / "data" / "library.sqlite3")
        try:
            sessions = store.sessions(limit=1)
            return store.path(sessions[0].id) if sessions else []
        finally:
            store.close()


@contextmanager
def start(
    home: Path, answers: list[Any], size: tuple[int, int] = (100, 30), **environ: str
) -> Iterator[Started]:
    home.mkdir(parents=True, exist_ok=True)
    script = home / "script.json"
    script.write_bytes(msgspec.json.encode(answers))
    environment = {"G4TUI_HOME": str(home), "PYTHONPATH": str(SUPPORT.parent), "HOME": str(home)}
    command = [sys.executable, SUPPORT / "scripted_tui.py", home, script]
    with Terminal(
        command, environment=environment | environ, columns=size[0], rows=size[1]
    ) as terminal:
        terminal.wait_for("Ask something")
        yield Started(terminal, home)


def ask(terminal: Terminal, text: str) -> None:
    terminal.type(text)
    terminal.press("enter")


def assert_clean(terminal: Terminal) -> None:
    raw = POINTER.sub(b"", bytes(terminal.raw))
    found = {name: match[0] for name, each in FORBIDDEN.items() if (match := each.search(raw))}
    assert not found, found


def test_nothing_that_a_model_says_reaches_the_terminal_as_a_command(home: Path) -> None:
    error = ErrorInfo("crashed", f"Broken {EVIL}", f"Why {EVIL}\nlog {EVIL}", f"Do {EVIL}")
    answers = [
        [
            ReasoningDelta(f"thinking {EVIL}"),
            TextDelta(f"# Head {EVIL}\n\n| a {EVIL} | b |\n|---|---|\n| 1 | {EVIL} |\n\n"),
            TextDelta(
                f"```py{EVIL}\ncode {EVIL}\n```\n\n- [l {EVIL}](http://x/{EVIL})\n\nfirst-end"
            ),
            Finished("stop"),
        ],
        [TextDelta(f"half {EVIL}"), Failed(error)],
        *[f"{piece}" for piece in [f"third {EVIL} third-end"]],
    ]
    models = f"parrot,evil{EVIL.replace(',', '')}"
    with start(home, answers, (120, 60), MODELS=models) as program:
        terminal = program.terminal
        terminal.paste(f"Title {EVIL}")
        terminal.press("enter")
        terminal.wait_for("first-end")
        terminal.press("esc")
        terminal.wait_for("Regenerate")
        terminal.press("t")
        terminal.wait_for("▾ Thought")
        ask(terminal, "what second")  # from the transcript, where letters act
        terminal.wait_for("Broken", "r retry")
        ask(terminal, "third")
        terminal.wait_for("third-end")
        terminal.press("ctrl+o")
        terminal.wait_for("Choose a model", "ready")
        terminal.press("esc")
        terminal.wait_gone("Choose a model")
        terminal.press("f2")
        terminal.wait_for("Rename chat")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
        assert_clean(terminal)
        assert program.rows()[1].message.text.count(EVIL) == 7, "the library keeps it raw"


def test_a_paste_of_5_mb_neither_freezes_nor_sends(home: Path) -> None:
    text = "What a long line of text this is, pasted by somebody.\n" * 100_000
    with start(home, ["Thanks."]) as program:
        terminal = program.terminal
        terminal.paste(text)
        terminal.wait_for("pasted-1.txt 5.4 MB")
        terminal.type(text.replace("\n", "\r")[: len(text) // 4])  # without the marks of a paste
        terminal.wait_for("pasted-2.txt 1.4 MB")
        assert program.rows() == []
        ask(terminal, "Short words")
        terminal.wait_for("Thanks.")
        assert program.rows()[0].message.attachments[0].text == text
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


@pytest.mark.parametrize("key", ["esc", "ctrl+c"])
def test_a_key_silences_and_the_terminal_is_left_clean(home: Path, key: str) -> None:
    with start(home, ["word " * 5000, "Well."], DELAY_S="0.005") as program:
        terminal = program.terminal
        ask(terminal, "Talk")
        terminal.wait_for("word word")
        terminal.press(key)
        terminal.wait_for("■ stopped")
        ask(terminal, "And?")
        terminal.wait_for("Well.")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
        assert all(each in terminal.raw for each in LEFT)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"])
@pytest.mark.parametrize("busy", [True, False])
def test_a_signal_saves_and_leaves_the_terminal_clean(home: Path, name: str, busy: bool) -> None:
    number = getattr(signal, name)
    with start(home, ["word " * 5000], DELAY_S="0.005") as program:
        terminal = program.terminal
        if busy:
            ask(terminal, "Talk")
            terminal.wait_for("word word")
        terminal.process.send_signal(number)
        assert terminal.wait_exit() == 128 + number
        assert all(each in terminal.raw for each in LEFT)
        if busy:
            answer = program.rows()[-1]
            assert answer.state in ("stopped", "interrupted")
            assert answer.message.text.startswith("word word")


def test_suspended_it_gives_the_terminal_back_and_comes_again(home: Path) -> None:
    with start(home, ["Here again."]) as program:
        terminal = program.terminal
        terminal.press("ctrl+p")
        terminal.wait_for("New chat", "Search for commands")
        terminal.type("suspend\r")
        process = terminal.process
        os.waitid(os.P_PID, process.pid, os.WSTOPPED)
        terminal.wait_raw(*LEFT)
        process.send_signal(signal.SIGCONT)
        terminal.wait_for("Ask something")
        ask(terminal, "Well?")
        terminal.wait_for("Here again.")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


def test_a_terminal_that_goes_away_ends_the_program(home: Path) -> None:
    with start(home, ["word " * 5000], DELAY_S="0.005") as program:
        terminal = program.terminal
        ask(terminal, "Talk")
        terminal.wait_for("word word")
        os.close(terminal._master)  # as when ssh drops
        terminal._master = os.open(os.devnull, os.O_RDWR)
        terminal.process.wait(15)
        answer = program.rows()[-1]
        assert answer.state in ("stopped", "interrupted")
        assert answer.message.text.startswith("word word")


def test_what_is_typed_at_once_is_not_lost(home: Path) -> None:
    with start(home, ["One.", "Two.", "Three."], DELAY_S="0.001") as program:
        terminal = program.terminal
        terminal.type("first question\r")
        terminal.wait_for("One.")
        terminal.type("second question\rthird question")
        terminal.wait_for("Two.", "third question")
        terminal.press("enter")
        terminal.wait_for("Three.")
        said = [row.message.text for row in program.rows() if row.message.role == "user"]
        assert said == ["first question", "second question", "third question"]


def test_every_width_is_tidy_and_a_drag_of_the_window_breaks_nothing(home: Path) -> None:
    answer = "# Head\n\n| a | b |\n|---|---|\n| one two three four five | six |\n\n" + "word " * 60
    with start(home, [answer + "the-end"], (120, 40)) as program:
        terminal = program.terminal
        ask(terminal, "Draw")
        terminal.wait_for("the-end")
        for columns, rows in ((80, 24), (200, 60), (40, 12), (20, 6), (120, 40)):
            terminal.resize(columns, rows)
            if columns >= 40:
                terminal.wait_for("the-end")
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


def test_of_two_sizes_that_come_together_the_last_is_drawn(home: Path) -> None:
    with start(home, ["the-end"], (120, 40)) as program:
        terminal = program.terminal
        ask(terminal, "Draw")
        for _ in range(60):
            terminal.resize(40, 12)
            terminal.wait_for("the-end")
            terminal.resize(20, 6)
            terminal.resize(120, 40)
            terminal.wait_for("the-end", seconds=20)
