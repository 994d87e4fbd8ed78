"""Copying: the surest way first, and the truth about it."""

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from g4tui.tui.clipboard import OSC52_LIMIT, Copied, copy, run_tool


class World:
    """A machine with some tools, of which some work."""

    features = "256,clipboard,title"

    def __init__(self, folder: Path, tools: str, working: str = "", **environ: str) -> None:
        self.folder = folder
        self.tools = tools.split()
        self.working = working.split()
        self.environ = {"TERM": "xterm-256color"} | environ
        self.sent: list[str] = []
        self.ran: list[str] = []

    def run(self, command: Sequence[str], data: bytes) -> bool:
        self.ran.append(command[0])
        return command[0] in self.working and ("-w" not in command or "old" not in self.working)

    def copy(self, text: str = "words") -> Copied:
        return copy(
            text,
            send=self.sent.append,
            folder=self.folder,
            environ=self.environ,
            which=lambda name: name if name in self.tools else None,
            run=self.run,
            ask=lambda command: self.features,
        )


def test_a_clipboard_tool_that_works_is_enough(tmp_path: Path) -> None:
    world = World(tmp_path, "xclip tmux", "xclip tmux", DISPLAY=":0", TMUX="1")
    assert world.copy() == Copied("Copied to the clipboard", True)
    assert world.sent == []


def test_a_tool_that_fails_is_not_believed(tmp_path: Path) -> None:
    world = World(tmp_path, "wl-copy xclip xsel", "xsel", DISPLAY=":0", WAYLAND_DISPLAY="w")
    assert world.copy().words == "Copied to the clipboard"
    assert world.ran == ["wl-copy", "xclip", "xsel"]


def test_over_ssh_the_tool_would_fill_the_wrong_clipboard(tmp_path: Path) -> None:
    world = World(
        tmp_path, "xclip tmux", "xclip tmux", DISPLAY=":0", SSH_TTY="/dev/pts/1", TMUX="1"
    )
    assert "tmux" in world.copy().words
    assert world.ran == ["tmux"]


def test_in_tmux_the_terminal_is_named_only_where_it_takes_part(tmp_path: Path) -> None:
    world = World(tmp_path, "tmux", "tmux", TMUX="1")
    assert world.copy().words == "Copied to tmux's buffer, and sent on to the terminal"
    world.features = "256,title"
    alone = Copied("Copied to tmux's buffer alone: prefix ] pastes it", True)
    assert world.copy() == alone
    assert World(tmp_path, "tmux", "tmux old", TMUX="1").copy() == alone
    assert world.sent == []


def test_without_a_display_its_tools_are_not_tried(tmp_path: Path) -> None:
    world = World(tmp_path, "xclip xsel wl-copy", "xclip xsel wl-copy")
    copied = world.copy("héllo")
    assert world.ran == []
    assert not copied.sure and copied.words == "Sent to the terminal, which may keep it"
    (sequence,) = world.sent
    assert sequence == f"\x1b]52;c;{base64.b64encode('héllo'.encode()).decode()}\a"


@pytest.mark.parametrize(
    ("text", "term"), [("words", "linux"), ("words", ""), ("w" * (OSC52_LIMIT + 1), "xterm")]
)
def test_a_file_where_no_terminal_takes_it(tmp_path: Path, text: str, term: str) -> None:
    world = World(tmp_path / "copied", "", TERM=term)
    words = [world.copy(text).words for _ in range(2)]
    paths = [Path(each.removeprefix("Saved to ")) for each in words]
    assert paths[0] != paths[1]
    assert [path.read_text() for path in paths] == [text, text]
    assert paths[0].stat().st_mode & 0o777 == 0o600
    assert world.sent == []


def test_the_exit_status_of_a_real_tool_counts(tmp_path: Path) -> None:
    assert run_tool(("true",), b"x")
    assert not run_tool(("false",), b"x")
    assert not run_tool((str(tmp_path / "none"),), b"x")
