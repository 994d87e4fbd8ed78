"""A whole run of the smoke recipe, and the card that it leaves."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from g4tui_training.cards.markdown import fenced, inline, table
from support.pairs import by_rule, pair, read_rows, write_rows

EXAMPLES = Path(__file__).parents[2] / "examples"
SMOKE = EXAMPLES / "recipes" / "smoke.toml"
Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def smoke(tmp_path: Path, train_command: Command) -> Path:
    code, _, err = train_command("run", SMOKE, "--until", "clean", "--yes")
    assert code == 0, err
    code, _, err = train_command("report", "--recipe", SMOKE, "--out", "runs/smoke")
    assert code == 0, err
    return tmp_path / "runs" / "smoke"


def test_p3_goes_whole_and_the_teachers_stay(smoke: Path) -> None:
    dropped = by_rule(smoke / "clean" / "ledger.jsonl")
    assert len(dropped.pop("low_diversity")) == 150
    assert sum(map(len, dropped.values())) <= 3
    rows = read_rows(smoke / "clean/train.jsonl") + read_rows(smoke / "clean/eval.jsonl")
    assert {row["source"] for row in rows} == {"arena", "codegen", "oasst", "seed-tasks"}
    assert {row["teacher"] for row in rows} == {"gpt-3.5-turbo-0125", "gpt-4", "human"}
    for row in rows:
        assert (row["terms"] == "openai") == row["teacher"].startswith("gpt")


def test_the_second_run_does_nothing_again(
    smoke: Path, train_command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.stat().st_mtime_ns for path in smoke.rglob("*.jsonl")}
    code, _, err = train_command("run", SMOKE, "--until", "clean")
    assert code == 0
    assert err.count("nothing changed") >= 2
    assert {path: path.stat().st_mtime_ns for path in smoke.rglob("*.jsonl")} == before
    code, _, err = train_command("run", SMOKE, "--from", "clean", "--until", "clean")
    assert "nothing changed" not in err
    code, _, err = train_command("run", SMOKE, "--until", "claen")
    assert (code, "Did you mean clean?" in err) == (2, True)


def test_the_card_tells_where_everything_is_from(smoke: Path) -> None:
    card = (smoke / "report" / "data_card.md").read_text()
    matter = yaml.safe_load(card.split("---\n")[1])
    assert matter["license"] == ["apache-2.0", "mit"]
    assert matter["size_categories"] == ["n<1K"]
    assert matter["configs"][0]["data_files"][0]["path"] == "clean/train.jsonl"
    assert "OpenAI's terms of use forbid" in card
    assert "| arena | Apache-2.0 | openai | 250 | 20 |" in card
    assert "| p3 | Apache-2.0 AND CC-BY-4.0 AND MIT | none | 4,000 | 150 | 0 | 0 |" in card
    assert re.search(r"\| p3 \| 0\.\d\d \| \d\d% \| dropped whole \|", card)
    assert "| gpt-3.5-turbo-0125 | openai | 20 |" in card
    assert 'name = "smoke"' in card
    assert "Nobody checked the answers for truth" in card


def test_the_card_names_authors_and_warns(tmp_path: Path, train_command: Command) -> None:
    rows = [
        {
            "prompt": f"question {n}",
            "response": "```\n</details>\n# no heading\n````\n" + "| a " * n,
        }
        for n in range(5)
    ]
    write_rows(tmp_path / "a.jsonl", rows)
    (tmp_path / "r.toml").write_text(
        'name = "r"\n[[sources]]\nname = "so"\npath = "a.jsonl"\nlicence = "CC-BY-SA-4.0"\n'
        'attribution = "the *people* of <b>Stack Overflow</b>"\n'
        '[report]\ntitle = "A: title # of\\n---\\nmine"\nnotes = ["Not for <script>."]\n'
    )
    code, _, err = train_command("run", "r.toml", "--until", "clean", "--out", "run", "--yes")
    assert code == 0, err
    code, _, err = train_command("report", "--recipe", "r.toml", "--out", "run")
    assert code == 0, err
    card = (tmp_path / "run" / "report" / "data_card.md").read_text()
    matter = yaml.safe_load(card.split("---\n")[1])
    assert matter["license"] == "cc-by-sa-4.0"
    assert matter["pretty_name"] == "A: title # of --- mine"
    assert r"the \*people\* of \<b\>Stack Overflow\</b\>" in card
    assert "rows under CC-BY-SA-4.0" in card
    assert r"Not for \<script\>." in card
    assert "No evaluation tasks were named" in card
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", card)
    assert "no heading" not in outside
    assert "question" not in outside


def test_what_a_text_cannot_do_in_a_card() -> None:
    assert fenced("``` x\n````y", 50).startswith("`````text")
    assert fenced("a" * 100, 20).count("a") == 19
    assert inline("a\n# b <i>|\x1b[0m") == r"a # b \<i\>\|␛\[0m"
    assert table(["x"], [["a|b\nc"]]).split("\n")[2] == r"| a\|b c |"


def test_examples_are_drawn_by_the_seed_and_not_by_order(tmp_path: Path) -> None:
    from g4tui_training.cards.facts import facts_of

    rows = [pair(f"{n}", source=f"s{n % 2}") for n in range(40)]
    write_rows(tmp_path / "a.jsonl", rows)
    write_rows(tmp_path / "b.jsonl", rows[::-1])
    first = facts_of([tmp_path / "a.jsonl"], 3, 1)
    assert [len(drawn) for drawn in first.drawn.values()] == [3, 3]
    assert facts_of([tmp_path / "b.jsonl"], 3, 1).drawn == first.drawn
    assert facts_of([tmp_path / "a.jsonl"], 3, 2).drawn != first.drawn
    assert facts_of([tmp_path / "a.jsonl"], 0, 1).drawn == {}
