"""What a model reads of a message."""

from g4tui.core import Attachment, Message, estimated_tokens


def test_files_come_before_the_text_under_their_names() -> None:
    """A file cannot close its own fence."""
    files = (Attachment("a.txt", "one"), Attachment("b.md", "```py\nx\n```"))
    content = Message("user", "Compare.", attachments=files).content
    assert content == (
        "a.txt:\n```\none\n```\n\n" + "b.md:\n````\n```py\nx\n```\n````\n\n" + "Compare."
    )
    assert Message("user", "Hello").content == "Hello"


def test_half_a_character_can_be_counted() -> None:
    """A paste may hold a lone surrogate; counting must not fail on it."""
    assert estimated_tokens("a\ud800") == 2
