"""`g4tui compare`: one question to several models, and a file of them."""

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

import pytest

from g4tui.store import Store
from support.command_line import CommandLine, Result, read_until
from support.rooms import until

SAY, THINK, FAIL = ("-m", "talker:say"), ("-m", "talker:think"), ("-m", "talker:fail")


def objects(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.out.splitlines()]


@pytest.fixture
def store(home: Path) -> Any:
    opened = Store.open(home / "data" / "library.sqlite3")
    yield opened
    opened.close()


def prompts(folder: Path, *rows: object) -> Path:
    file = folder / "some.jsonl"
    file.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return file


def test_both_answers_have_their_heading(process: CommandLine) -> None:
    code, out, err = process("compare", *SAY, *THINK, "Hello you")
    assert (code, err) == (0, "")
    assert "## talker:say\n\nHello you\n" in out
    assert "## talker:think\n\nHello you\n" in out


def test_two_answers_of_one_model_are_told_apart(process: CommandLine) -> None:
    out = process("compare", *SAY, *THINK, *SAY, "Hello").out
    assert {line for line in out.splitlines() if line.startswith("##")} == {
        "## talker:say (1)",
        "## talker:think",
        "## talker:say (2)",
    }


def test_the_list_of_sessions_names_all_who_were_asked(process: CommandLine) -> None:
    process("compare", *SAY, *THINK, "Hello you")
    process("compare", *SAY, *SAY, "Twice")
    process("ask", *SAY, "Alone")
    rows = process("sessions").out.splitlines()
    assert ["talker:say, talker:think" in row for row in rows if "Hello you" in row] == [True]
    assert all("say, " not in row for row in rows if "Twice" in row or "Alone" in row)


def test_the_object_has_the_promised_names(process: CommandLine, store: Store) -> None:
    (found,) = objects(process("compare", *SAY, *THINK, "Hello", "--json"))
    turn = store.turn(found["turn"])
    assert turn.session == found["session"]
    assert [each["model"] for each in found["answers"]] == ["talker:say", "talker:think"]
    assert found["answers"][1]["reasoning"] == "hm"
    assert found["answers"][0]["usage"]["completion"] == 2
    assert [row.message.text for row in store.messages(turn.answers)] == ["Hello", "Hello"]


def test_a_side_that_fails_is_told_and_stops_no_other(process: CommandLine) -> None:
    result = process("compare", *FAIL, *SAY, "Hello", "--json")
    failed, said = objects(result)[0]["answers"]
    assert result.code == 1
    assert (failed["text"], failed["finish_reason"]) == ("so far ", None)
    assert failed["error"]["kind"] == "server"
    assert "sk-abcdefgh" not in result.out
    assert (said["text"], said["finish_reason"]) == ("Hello", "stop")

    code, out, err = process("compare", *FAIL, *SAY, "Hello")
    assert code == 1 and "## talker:say\n\nHello\n" in out
    assert "It broke" in err and "sk-abcdefgh" not in err


def test_what_a_model_says_commands_no_terminal(process: CommandLine) -> None:
    result = process("compare", "-m", "talker:hostile", *SAY, "x")
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(result.out)


@pytest.mark.parametrize(
    "arguments", [("Hello",), ("-m", "talker:say", "Hello"), ("--prompts", "x.jsonl", "Hello")]
)
def test_what_makes_no_comparison_is_a_wrong_command(
    process: CommandLine, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    (tmp_path / "x.jsonl").write_text('"Hi"')
    assert process("compare", *arguments).code == 2


def test_the_settings_name_the_sides(process: CommandLine) -> None:
    process("config", "set", "compare.teacher", "talker:think")
    process("config", "set", "compare.student", "talker:say")
    (found,) = objects(process("compare", "Hello", "--json"))
    assert [each["model"] for each in found["answers"]] == ["talker:think", "talker:say"]


def test_a_file_of_prompts_is_asked_once_and_reported(
    process: CommandLine, tmp_path: Path, store: Store
) -> None:
    talk = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "I am Bob."},
        {"role": "assistant", "content": "Hello."},
        {"role": "user", "content": "Who am I?"},
    ]
    rows = (
        '"plain <b>text</b>"',
        {"prompt": "an object"},
        {"messages": talk},
        '"plain <b>text</b>"',
    )
    command = ("compare", "--prompts", str(prompts(tmp_path, *rows)), *SAY, *THINK)
    first = process(*command, "--json")
    assert first.code == 0
    told = objects(first)
    assert [each["row"] for each in told] == [1, 2, 3, 4]
    assert len({each["session"] for each in told}) == 4
    session = store.session(told[2]["session"])
    assert session.system == "Be brief."
    assert [row.message.text for row in store.path(session.id)][:3] == [
        "I am Bob.", "Hello.", "Who am I?"
    ]  # fmt: skip

    html = (tmp_path / "some.compare.html").read_text()
    assert html.count('<article class="side">') == 8
    assert "plain &lt;b&gt;text&lt;/b&gt;" in html and "<b>text</b>" not in html

    second = process(*command, "--json")
    assert objects(second) == told
    assert len(store.sessions()) == 4 and len(store.turns()) == 4


def test_blind_prompts_tell_no_names_anywhere_and_are_voted_on_blind(
    process: CommandLine, tmp_path: Path, store: Store
) -> None:
    """Of one side that fails, too: what is told of both is told by their place on the screen."""
    command = ("compare", "--prompts", str(prompts(tmp_path, '"Hi"', '"You"')), *SAY, *FAIL)
    process(*command)  # with names: these are other comparisons
    ended = process(*command, "--blind", "--json")
    assert ended.code == 1
    told = objects(ended)
    turns = {turn.id: turn for turn in store.turns() if turn.blind}
    assert [each["turn"] for each in told] == list(turns) and len(store.turns()) == 4
    for each in told:
        assert [answer["model"] for answer in each["answers"]] == [
            "blind:Answer A",
            "blind:Answer B",
        ]
        shown = [row.message.text for row in store.messages(turns[each["turn"]].shown)]
        assert [answer["text"] for answer in each["answers"]] == shown
    again = process(*command, "--blind", "-o", "blind.html")
    html = (tmp_path / "blind.html").read_text()
    assert "<h3>Answer A</h3>" in html and "<h3>talker" not in html and "tok/s" not in html
    assert "To vote blind, open the sessions in g4tui" in html
    assert "talker" not in again.err and "It broke" not in again.err + html
    assert all(turn.revealed is None for turn in store.turns() if turn.blind)

    vote = store.vote(told[0]["turn"], "left")
    assert vote.blind
    process(*command, "--blind", "-o", "blind.html")
    assert "<h3>talker:say</h3>" in (tmp_path / "blind.html").read_text()  # after the vote


def test_one_blind_question_is_printed_when_all_are_done(
    process: CommandLine, store: Store
) -> None:
    ended = process("compare", *SAY, *THINK, "--blind", "Hello you")
    assert ended.out == "## Answer A\n\nHello you\n\n## Answer B\n\nHello you\n\n"
    assert "talker" not in ended.out + ended.err
    assert store.turns()[0].blind


def test_other_models_or_parameters_are_other_questions(
    process: CommandLine, tmp_path: Path, store: Store
) -> None:
    command = ("compare", "--prompts", str(prompts(tmp_path, '"Hi"')), *SAY)
    process(*command, *THINK)
    process(*command, *SAY)
    process(*command, *SAY, "--set", "temperature=0")
    assert len(store.turns()) == 3


def test_only_what_failed_is_asked_again(
    process: CommandLine, tmp_path: Path, store: Store
) -> None:
    command = ("compare", "--prompts", str(prompts(tmp_path, '"Hi"')), *SAY, *FAIL, "--json")
    assert process(*command).code == 1
    before = store.turns()[0].answers
    result = process(*command)
    after = store.turns()[0].answers
    assert result.code == 1 and "line 1" not in result.err
    assert after[0] == before[0] and after[1] != before[1]
    assert store.message(before[1]).message.text == "so far "


def test_broken_lines_are_told_by_number_and_left_out(process: CommandLine, tmp_path: Path) -> None:
    rows = ("nonsense", "", '"good"', {"messages": []}, {"prompt": 7}, '["x"]', "[" * 100_000)
    code, _, err = process("compare", "--prompts", str(prompts(tmp_path, *rows)), *SAY, *SAY)
    assert code == 1
    for number in (1, 4, 5, 6, 7):
        assert f"some.jsonl:{number}: " in err
    assert "some.jsonl:2: " not in err and "some.jsonl:3: " not in err
    only = prompts(tmp_path, "nonsense")
    assert process("compare", "--prompts", str(only), *SAY, *SAY).code == 2


def test_a_report_brings_its_folder_or_nothing_is_asked(
    process: CommandLine, tmp_path: Path, store: Store
) -> None:
    (tmp_path / "file").write_text("")
    nowhere = tmp_path / "file" / "report.html"
    code, out, err = process("compare", *SAY, *THINK, "Hello", "-o", str(nowhere))
    assert (code, out) == (1, "")
    assert f"{nowhere}: Not a directory. Nothing was asked." in err
    assert store.turns() == []
    somewhere = tmp_path / "no" / "such" / "report.html"
    assert process("compare", *SAY, *THINK, "Hello", "-o", str(somewhere)).code == 0
    assert [file.name for file in somewhere.parent.iterdir()] == ["report.html"]


def test_a_report_that_cannot_be_written_loses_no_answer(
    process: CommandLine, tmp_path: Path, store: Store
) -> None:
    nowhere = tmp_path / ("long" * 80)
    code, _, err = process("compare", *SAY, *THINK, "Hello", "-o", str(nowhere))
    assert code == 1 and "could not be written" in err
    assert len(store.turns()) == 1


def test_hostile_answers_are_inert_in_the_report(process: CommandLine, tmp_path: Path) -> None:
    attack = "<script>alert(1)</script> [x](javascript:alert(1)) ![p](https://a.example/p.png)"
    process("compare", *SAY, "-m", "talker:hostile", *FAIL, attack, "-o", "r.html")
    html = (tmp_path / "r.html").read_text()
    assert "<script" not in html and "<img" not in html and 'href="javascript' not in html
    assert not {"\x1b", "\x07", "\u202e", "\x9b"} & set(html)
    assert "It broke" in html and "sk-abcdefgh" not in html


def test_ctrl_c_stops_both_and_keeps_their_text(process: CommandLine, store: Store) -> None:
    child = process.start("compare", "-m", "talker:count", *SAY, "Hello")
    try:
        read_until(child, b"## talker:say")
        # It may not have begun yet; what it says is seen here once it is saved.
        asyncio.run(until(lambda: store.messages(store.turns()[0].answers)[0].message.text))
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 130
    assert b"## talker:count" in out
    count, said = store.messages(store.turns()[0].answers)
    assert (count.state, said.state) == ("stopped", "complete")
    assert count.message.text.startswith("0 ")
