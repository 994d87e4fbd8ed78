"""What a broken stream leaves of values, as JSON can hold it."""

import msgspec

from g4tui.core.whole import whole


def test_halves_of_characters_are_marked_wherever_they_stand() -> None:
    value = {"k\ud83d": ["a\udc80", ("b\ud800", 1, None, 0.5, True)], "deep": {"c": "\udfff"}}
    assert whole(value) == {
        "k\ufffd": ["a\ufffd", ["b\ufffd", 1, None, 0.5, True]],
        "deep": {"c": "\ufffd"},
    }
    assert msgspec.json.decode(msgspec.json.encode(whole(value))) == whole(value)


def test_two_halves_that_belong_together_are_the_character() -> None:
    assert whole("a\ud83d\ude00b") == "a\U0001f600b"
    assert whole("é😀\x00") == "é😀\x00"
