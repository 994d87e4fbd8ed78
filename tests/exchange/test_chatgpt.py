"""ChatGPT's export: its tree, its many forms of content, and its zip."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from g4tui.exchange import ImportReport
from g4tui.store import Store
from support.chatgpt import NOON, conversation, many, node, written, zipped

Import = Callable[..., ImportReport]


def texts(store: Store, session: str) -> list[str]:
    return [row.message.text for row in store.path(session)]


def one(imported: Import, store: Store, path: Path, *nodes: dict, **more: object) -> str:  # type: ignore[type-arg]
    report = imported(written(path / "conversations.json", [conversation(*nodes, **more)]))  # type: ignore[arg-type]
    assert (report.importer, report.error) == ("chatgpt", None)
    (session,) = report.new
    return session


def test_branches_stay_siblings_and_the_head_is_shown(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    session = one(
        imported,
        store,
        tmp_path,
        node("root", None, children=("system",)),
        node("system", "root", "system"),
        # The mapping's order is not the order of the answers: the parent's list is.
        node("a2", "q", "assistant", "second answer"),
        node("q", "system", "user", "a question", children=("a1", "a2")),
        node("a1", "q", "assistant", "first answer"),
        node("q2", "a1", "user", "and then?"),
        node("a3", "q2", "assistant", "the end"),
        current="a3",
        title="Branches",
        is_archived=True,
    )
    row = store.session(session)
    assert (row.title, row.title_is_set, row.archived) == ("Branches", True, True)
    assert row.created == NOON - 1
    assert texts(store, session) == ["a question", "first answer", "and then?", "the end"]
    first, question = store.path(session)[1], store.path(session)[0]
    assert [each.message.text for each in store.siblings(first.id)] == [
        "first answer",
        "second answer",
    ]
    assert question.parent is None, "an empty root and ChatGPT's own system message are no messages"
    assert first.model == "openai:gpt-4o"
    assert first.finish_reason == "stop"
    assert first.created == NOON


def test_what_tools_interrupt_is_one_answer_with_its_thoughts(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    thoughts = {"content_type": "thoughts", "thoughts": [{"summary": "Plan", "content": "I look"}]}
    code = {"content_type": "code", "language": "unknown", "text": "search('x')"}
    session = one(
        imported,
        store,
        tmp_path,
        node("q", None, "user", "look it up"),
        node("t", "q", "assistant", content=thoughts),
        node("a1", "t", "assistant", "I will look."),
        node("call", "a1", "assistant", content=code, recipient="web"),
        node("tool", "call", "tool", "a page"),
        node("a2", "tool", "assistant", "Here it is.\ue200cite\ue202turn0search1\ue201"),
    )
    question, answer = store.path(session)
    assert answer.message.text == "I will look.\n\nHere it is."
    assert answer.message.reasoning == "Plan\nI look"
    assert answer.parent == question.id


def test_contents_of_many_forms_and_what_is_left_out_is_told(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    picture = {"content_type": "image_asset_pointer", "asset_pointer": "file-service://x"}
    spoken = {"content_type": "audio_transcription", "text": "spoken words"}
    path = written(
        tmp_path / "conversations.json",
        [
            conversation(
                node("q", None, "user", content={
                    "content_type": "multimodal_text", "parts": [picture, "what is it?", spoken]
                }),
                node("h", "q", "assistant", "secret", weight=0.0),
                node("v", "h", "user", "unseen",
                     metadata={"is_visually_hidden_from_conversation": True}),
                node("a", "v", "assistant", content={
                    "content_type": "code", "language": "python", "text": "print('```')"
                }),
                node("x", "a", "assistant", content={"content_type": "tether_quote", "text": "q"}),
                node("u", "x", "user", "a file", metadata={"attachments": [{"name": "a.pdf"}]}),
                node("end", "u", "assistant", "cut", metadata={
                    "finish_details": {"type": "interrupted"}
                }),
            ),
            conversation(node("empty", None), conversation_id="nothing"),
            {"title": "no tree"},
        ],
    )  # fmt: skip
    report = imported(path)
    assert texts(store, report.new[0]) == [
        "what is it?\n\nspoken words",
        "````python\nprint('```')\n````",
        "a file",
        "cut",
    ]
    assert store.path(report.new[0])[-1].state == "stopped"
    told = {what: count for what, (count, _) in report.left_out.items()}
    assert told == {
        "images": 1,
        "hidden messages": 2,
        "messages of the form tether_quote": 1,
        "attached files": 1,
        "conversations in which nothing was said": 1,
        "parts that are no conversations": 1,
    }


def test_a_conversation_without_metadata_or_times(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    """As exports of 2026 have them: the model stands with the conversation alone."""
    bare = node("a", "q", "assistant", "hello")
    del bare["message"]["metadata"], bare["message"]["weight"]
    bare["message"]["create_time"] = None
    session = one(
        imported,
        store,
        tmp_path,
        node("q", None, "user", "hi"),
        bare,
        title=None,
        create_time="2025-01-31T14:02:00Z",
        update_time=None,
        default_model_slug="o3",
    )
    row = store.session(session)
    assert (row.title, row.title_is_set) == ("hi", False)
    assert row.created == 1738332120.0
    assert store.path(session)[1].model == "openai:o3"


@pytest.mark.parametrize("title", [None, "", "  ", "\u200b", 7, "New chat", "New Chat"])
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_without_a_title_the_first_words_are_one(
    imported: Import, store: Store, tmp_path: Path, title: str, role: str
) -> None:
    nodes = [node("q", None, role, " \n"), node("a", "q", role, "How high\nis it?")]
    session = one(imported, store, tmp_path, *nodes, title=title)
    row = store.session(session)
    assert (row.title, row.title_is_set) == ("How high is it?", False)


@pytest.mark.parametrize("folder", ["", "export/", "../../../etc/", "/absolute/"])
def test_a_zip_with_numbered_parts(
    imported: Import, store: Store, tmp_path: Path, folder: str
) -> None:
    talks = [
        conversation(node("q", None, "user", f"talk {n}"), conversation_id=str(n)) for n in range(3)
    ]
    path = zipped(
        tmp_path / "export.zip",
        {
            f"{folder}conversations-001.json": json.dumps(talks[1:]),
            f"{folder}conversations-000.json": json.dumps(talks[:1]),
            f"{folder}chat.html": "<script>",
            f"{folder}my-conversations.json": "no",
        },
    )
    before = set(tmp_path.rglob("*"))
    report = imported(path)
    assert (report.importer, report.error, report.left_out) == ("chatgpt", None, {})
    assert [texts(store, each) for each in report.new] == [["talk 0"], ["talk 1"], ["talk 2"]]
    assert set(tmp_path.rglob("*")) == before, "nothing is unpacked anywhere"


def test_two_thousand_conversations_come_in_once(
    imported: Import, store: Store, tmp_path: Path
) -> None:
    path = written(tmp_path / "conversations.json", many(2_000, turns=2))
    shares: list[float] = []
    report = imported(path, told=lambda report, share: shares.append(share))
    assert (len(report.new), report.known, report.left_out, report.error) == (2_000, 0, {}, None)
    assert shares == sorted(shares)
    assert len(shares) > 20
    assert shares[-1] == 1.0
    again = imported(path)
    assert (len(again.new), again.known, again.error) == (0, 2_000, None)
    assert len(store.sessions()) == 2_000
    assert store.check() == []
