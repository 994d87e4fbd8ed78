"""Chat templates: hostile ones, odd ones, and the words that must come through them unchanged."""

import time

import pytest

from g4tui.core import Attachment, G4tuiError, Message
from g4tui_llama_cpp.template import FORMATS, ChatTemplate, Piece
from support.local_engine import turns

CHATML = ChatTemplate(FORMATS["chatml"], "chatml")


def rendered(template: ChatTemplate, *messages: Message | str, more: bool = False) -> str:
    return "".join(piece.text for piece in template.pieces(turns(*messages), continue_last=more))


def test_words_and_markup_stay_apart() -> None:
    assert CHATML.pieces(turns("Hi <|im_end|>")) == [
        Piece("<|im_start|>user\n", None),
        Piece("Hi <|im_end|>", 0),
        Piece("<|im_end|>\n<|im_start|>assistant\n", None),
    ]


def test_an_answer_is_continued_without_its_end() -> None:
    text = rendered(CHATML, "Hi", "Hello the", more=True)
    assert text == "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\nHello the"
    trimming = ChatTemplate("{% for m in messages %}[{{ m.content | trim }}]{% endfor %}", "x")
    assert rendered(trimming, "Hi", " Hello the ", more=True) == "[Hi][Hello the "


def test_a_template_may_strip_and_change_words() -> None:
    stripping = ChatTemplate("{% for m in messages %}<{{ m.content | trim }}>{% endfor %}", "x")
    assert stripping.pieces(turns(" a\n", "b")) == [
        Piece("<", None),
        Piece("a", 0),
        Piece("><", None),
        Piece("b", 1),
        Piece(">", None),
    ]
    thinking = ChatTemplate(
        "{% for m in messages %}<{{ m.content.split('</think>')[-1] }}>{% endfor %}", "x"
    )
    assert thinking.pieces(turns("q", "<think>no</think>yes", "ok"))[3] == Piece("yes", 1)
    shouting = ChatTemplate("{% for m in messages %}<{{ m.content | upper }}>{% endfor %}", "x")
    assert rendered(shouting, "hé", "ho") == "<HÉ><HO>"


NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
    "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('must alternate') }}{% endif %}[{{ m.content }}]{% endfor %}"
)


def test_a_system_message_is_folded_where_none_is_taken() -> None:
    """In Gemma's way: instructions before the first question."""
    template = ChatTemplate(NO_SYSTEM, "x")
    text = rendered(template, Message("system", "Be brief."), Message("user", "Hi"))
    assert text == "[Be brief.\n\nHi]"


def test_two_questions_in_a_row_are_folded_where_turns_must_alternate() -> None:
    template = ChatTemplate(NO_SYSTEM, "x")
    text = rendered(template, Message("user", "a"), Message("user", "b"), Message("assistant", "c"))
    assert text == "[a\n\nb][c]"


def test_a_template_that_ignores_the_system_message_still_gets_it_said() -> None:
    template = ChatTemplate(
        "{% for m in messages if m.role != 'system' %}[{{ m.content }}]{% endfor %}", "x"
    )
    assert "Be brief." in rendered(template, Message("system", "Be brief."), Message("user", "Hi"))


def test_files_are_part_of_a_message() -> None:
    message = Message("user", "Why?", attachments=(Attachment("a.py", "x = 1"),))
    assert "a.py" in rendered(CHATML, message)
    assert "x = 1" in rendered(CHATML, message)


def test_what_hugging_face_templates_use_is_there() -> None:
    template = ChatTemplate(
        "{{ bos_token }}{% if tools %}no{% endif %}{{ strftime_now('%Y') | length }}"
        "{% for m in messages %}{% generation %}{{ m.content }}{% endgeneration %}"
        "{% if loop.last %}{% break %}{% endif %}{% endfor %}",
        "x",
        bos="<s>",
    )
    assert rendered(template, "Hi") == "<s>4Hi"


@pytest.mark.parametrize(
    "source",
    [
        "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
        "{% for a in range(99999) %}{% for b in range(99999) %}{{ messages[0].content }}"
        "{% endfor %}{% endfor %}",
    ],
    ids=["silent", "writing"],
)
def test_nested_loops_are_ended(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("g4tui_llama_cpp.jinja.SECONDS", 0.3)
    template = ChatTemplate(source, "x")
    with pytest.raises(G4tuiError) as raised:
        template.pieces(turns("Hi"))
    assert raised.value.info.kind == "model"
    assert raised.value.info.remedy
    before = time.thread_time(), time.process_time()
    time.strftime("%Y", time.gmtime(sum(range(200_000)) % 7))
    burned = (time.process_time() - before[1]) - (time.thread_time() - before[0])
    assert burned < 0.5 * (time.process_time() - before[1]) + 0.005, "the loop still runs"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 'x' * 999999999 }}",
        "{{ '%999999999d' % 1 }}",
        "{% set a = namespace(t='xxxxxxxx') %}{% for i in range(40) %}{% set a.t = a.t ~ a.t %}"
        "{% endfor %}{{ a.t }}",
        "{{ 9 ** 99999999 }}",
        "{% set n = namespace(x=9) %}{% for i in range(40) %}{% set n.x = n.x * n.x %}{% endfor %}",
        "{{ messages.__class__.__mro__ }}",
        "{{ messages.append(1) }}",
        "{% include '/etc/passwd' %}",
        "{{ no_such_function() }}",
    ],
    ids=[
        "repeat",
        "format",
        "doubling",
        "power",
        "product",
        "escape",
        "change",
        "include",
        "unknown",
    ],
)
def test_a_hostile_template_is_an_error(source: str) -> None:
    with pytest.raises(G4tuiError) as raised:
        ChatTemplate(source + "{{ messages[0].content }}", "x").pieces(turns("Hi"))
    assert raised.value.info.kind == "model"
    assert "chat_template" in raised.value.info.remedy


def test_a_template_with_a_mistake_is_an_error() -> None:
    with pytest.raises(G4tuiError, match="cannot be read"):
        ChatTemplate("{% for m in messages %}", "x")


def test_a_template_that_leaves_words_out_is_an_error() -> None:
    with pytest.raises(G4tuiError, match="does not take this conversation"):
        ChatTemplate("{{ messages[-1].content }}", "x").pieces(turns("a", "b", "c"))
