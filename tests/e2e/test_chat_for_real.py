"""The chat in a real terminal, with the real model in a real worker process."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from e2e.conftest import Messages, Start, until
from support.processes import running
from support.terminal import Terminal

READY = "Ask something"
DONE = "tok/s"
ALTERNATE_SCREEN_LEFT = b"\x1b[?1049l"
LONG_PROMPT = "The quick brown fox jumps over the lazy dog. " * 150
# At temperature 0 the answer to this has more than 1,500 tokens: long enough to be broken off.
ENDLESS = (
    "Explain in great detail, in many long paragraphs, how a steam engine works, its history and"
    " its parts."
)


def workers_of(parent: int) -> list[int]:
    """The worker processes below a process."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    command = {int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children}
    return [pid for pid, line in command.items() if b"g4tui.worker" in line]


def ask(terminal: Terminal, text: str) -> None:
    terminal.type(text)
    terminal.press("enter")


def test_three_turns_with_a_restart_reuse_what_was_read(start: Start, messages: Messages) -> None:
    with start() as terminal:
        terminal.wait_for(READY)
        ask(terminal, "My name is Ada. Say hello to me in one short sentence.")
        terminal.wait_for(DONE, seconds=60)
        ask(terminal, "Now in French.")
        terminal.wait_for("Now in French.")
        terminal.wait_for("You", "first", seconds=60)
        saved(messages, 4, terminal)
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
        assert ALTERNATE_SCREEN_LEFT in terminal.raw

    first, second = (row for row in messages() if row.message.role == "assistant")
    assert first.state == second.state == "complete"
    assert second.usage.cached >= first.usage.prompt

    with start("--session", messages()[0].session) as terminal:
        terminal.wait_for("Now in French.")
        ask(terminal, "And in Spanish.")
        saved(messages, 6, terminal)
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
    third = messages()[-1]
    assert third.usage.cached >= second.usage.prompt, "read from disk"


@pytest.mark.parametrize("key", ["esc", "ctrl+c"])
@pytest.mark.parametrize("when", ["reading", "answering"])
def test_stop_keeps_the_text_and_the_next_turn_works(
    start: Start, messages: Messages, key: str, when: str
) -> None:
    with start() as terminal:
        terminal.wait_for(READY)
        if when == "reading":
            terminal.paste(LONG_PROMPT)
            terminal.press("enter")
            terminal.wait_for("reading", seconds=60)
        else:
            ask(terminal, ENDLESS)
            terminal.wait_for("answering", seconds=60)
            until(has_text(messages), terminal)
        terminal.press(key)
        terminal.wait_for("stopped", seconds=10)
        (stopped,) = (row for row in messages() if row.message.role == "assistant")
        assert stopped.state == "stopped"
        assert bool(stopped.message.text) == (when == "answering")
        ask(terminal, "Say hello.")
        until(lambda: len(messages()) == 4 and bool(messages()[-1].message.text), terminal)
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
    # After half an answer the next one may be long, too: quitting breaks it off.
    assert messages()[-1].state in ("complete", "interrupted", "stopped")


def test_a_killed_worker_is_one_panel_and_the_next_message_works(
    start: Start, messages: Messages
) -> None:
    with start() as terminal:
        terminal.wait_for(READY)
        ask(terminal, ENDLESS)
        until(has_text(messages), terminal)
        (worker,) = workers_of(terminal.process.pid)
        os.kill(worker, signal.SIGKILL)
        terminal.wait_for("SIGKILL")
        answer = messages()[-1]
        assert answer.state == "interrupted"
        assert answer.message.text
        assert answer.error.kind == "crashed"
        assert answer.error.remedy
        ask(terminal, "Say hello.")
        until(lambda: len(messages()) == 4 and bool(messages()[-1].message.text), terminal)
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
        assert not running(worker)


def test_a_killed_program_loses_nothing_that_was_saved_and_sends_nothing_again(
    start: Start, messages: Messages
) -> None:
    with start() as terminal:
        terminal.wait_for(READY)
        ask(terminal, ENDLESS)
        until(lambda: bool(messages()) and len(messages()[-1].message.text) > 20, terminal)
        (worker,) = workers_of(terminal.process.pid)
        kept = messages()[-1].message.text
        terminal.process.send_signal(signal.SIGKILL)
        terminal.wait_exit()
    until(lambda: not running(worker), None)

    with start("--session", messages()[0].session) as terminal:
        terminal.wait_for("interrupted")
        question, answer = messages()
        assert question.message.text == ENDLESS
        assert answer.state == "interrupted"
        assert answer.message.text.startswith(kept)
        assert workers_of(terminal.process.pid) == [], "nothing is asked by itself"
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0
    assert len(messages()) == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_in_mid_stream_leaves_the_terminal_and_the_text(
    start: Start, messages: Messages, number: signal.Signals
) -> None:
    with start() as terminal:
        terminal.wait_for(READY)
        ask(terminal, ENDLESS)
        until(has_text(messages), terminal)
        (worker,) = workers_of(terminal.process.pid)
        terminal.process.send_signal(number)
        assert terminal.wait_exit() == 128 + number
        assert ALTERNATE_SCREEN_LEFT in terminal.raw
    answer = messages()[-1]
    assert answer.state in ("interrupted", "stopped")
    assert answer.message.text
    until(lambda: not running(worker), None)


def test_a_model_file_that_is_damaged_is_one_clear_panel(
    start: Start, model_home: Path, messages: Messages
) -> None:
    (model,) = (model_home / "data" / "models").glob("*.gguf")
    whole = model.read_bytes()
    model.unlink()
    model.write_bytes(whole[: len(whole) // 3])
    with start("--model", f"llama-cpp:{model}") as terminal:
        terminal.wait_for(READY)
        ask(terminal, "Hello")
        until(lambda: bool(messages()) and bool(messages()[-1].error), terminal)
        error = messages()[-1].error
        assert error.kind == "model" and error.title and error.remedy
        terminal.wait_for(error.title[:30])
        terminal.press("ctrl+q")
        assert terminal.wait_exit() == 0


def saved(messages: Messages, count: int, terminal: Terminal) -> None:
    """Wait until that many messages are there and the last is whole."""
    until(lambda: len(found := messages()) == count and found[-1].state != "streaming", terminal)


def has_text(messages: Messages) -> Callable[[], bool]:
    """Whether the last answer has begun."""
    return lambda: bool(found := messages()) and bool(found[-1].message.text)
