"""Bytes from the terminal as keys and pastes."""

from textual import events

from g4tui.tui.driver import InputReader

START, END = b"\x1b[200~", b"\x1b[201~"


def read(reader: InputReader, *chunks: bytes) -> list[object]:
    """What comes of these reads, as key names and pasted texts; b"" is a moment without input."""
    found: list[object] = []
    for chunk in chunks:
        for message in reader.read(chunk):
            if isinstance(message, events.Paste):
                found.append(("paste", message.text))
            elif isinstance(message, events.Key):
                found.append(message.key)
            else:
                found.append(message)
    return found


def test_typing_is_keys() -> None:
    assert read(InputReader(), b"h\xc3", b"\xa4\r") == ["h", "ä", "enter"]
    assert read(InputReader(), b"\x1b[A\x1b[5~\n") == ["up", "pageup", "ctrl+j"]


def test_a_lone_escape_is_a_key_after_a_moment() -> None:
    reader = InputReader()
    assert read(reader, b"\x1b") == []
    assert reader.waiting
    assert read(reader, b"") == ["escape"]
    assert not reader.waiting


def test_an_escape_and_a_digit_that_come_together_are_two_keys() -> None:
    assert read(InputReader(), b"\x1b1a\x1b2") == ["escape", "1", "a", "escape", "2"]
    assert read(InputReader(), b"a\x1b", b"3", b"4") == ["a", "escape", "3", "4"]
    assert read(InputReader(), b"\x1b", b"", b"5") == ["escape", "5"]
    assert read(InputReader(), b"\x1b[1;2A\x1b[5~") == ["shift+up", "pageup"]


def test_enter_with_a_modifier_is_no_enter() -> None:
    """Enter alone sends."""
    assert read(InputReader(), b"a\x1b\rb") == ["a", "alt+enter", "b"]
    assert read(InputReader(), b"\x1b", b"\rb") == ["alt+enter", "b"]
    assert read(InputReader(), b"\x1b", b"", b"\r") == ["escape", "enter"]
    assert read(InputReader(), b"\x1b[13;2u\x1b[27;2;13~") == ["shift+enter", "shift+enter"]
    assert read(InputReader(), b"\x1b[27;3;13~\x1b[27;6;9~") == ["alt+enter", "ctrl+shift+tab"]


def test_a_paste_is_one_event_however_it_is_cut() -> None:
    text = "line one\nline two \x1b[31m & more" * 50
    data = START + text.encode() + END + b"x"
    for size in (3, 7, 100, len(data)):
        reader = InputReader()
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        if size < len(START):  # its mark comes in pieces: a terminal never does, ssh may
            chunks[:3] = [b"".join(chunks[:3])]
        assert read(reader, *chunks) == [("paste", text), "x"]


def test_the_mark_of_a_paste_may_be_cut_once() -> None:
    for cut in range(2, len(START)):
        reader = InputReader()
        assert read(reader, b"a" + START[:cut], START[cut:] + b"text" + END) == [
            "a",
            ("paste", "text"),
        ]


def test_a_cut_key_is_still_a_key() -> None:
    reader = InputReader()
    assert read(reader, b"\x1b[", b"A") == ["up"]


def test_a_paste_without_marks_is_one_paste_and_sends_nothing() -> None:
    reader = InputReader()
    line = b"pasted line\r"
    assert read(reader, line * 100, line * 50, b"rest") == []
    assert reader.waiting
    assert read(reader, b"") == [("paste", "pasted line\n" * 150 + "rest")]


def test_a_paste_that_never_ends_is_taken_as_it_is() -> None:
    reader = InputReader()
    assert read(reader, START + b"half a paste") == []
    assert read(reader, *[b""] * 60) == [("paste", "half a paste")]
    assert read(reader, b"k") == ["k"]


def test_enter_typed_before_the_terminal_was_ours_is_enter() -> None:
    reader = InputReader(typed_before=3)
    assert read(reader, b"hi\n\n") == ["h", "i", "enter", "ctrl+j"]


def test_broken_utf8_does_not_stop_the_keyboard() -> None:
    reader = InputReader()
    read(reader, b"\xff\xfe\xc3")
    assert "q" in read(reader, b"q")
