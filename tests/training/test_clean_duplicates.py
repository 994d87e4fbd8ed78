"""`clean`: which rows count as the same, and which of them stays."""

import random
from pathlib import Path

from g4tui_training.clean.rules import Policy
from g4tui_training.recipe import Clean, Duplicates
from support.pairs import pair, read_rows, sentence

from .test_clean import changed, cleaned, dropped, kept


def test_exact_duplicates_differ_in_case_and_spacing_only(tmp_path: Path) -> None:
    rows = [
        pair("b", "What is 2+3?", "It is 5"),
        pair("a", "what  is 2+3?\n", "IT is 5"),
        pair("c", "What is 2-3?", "It is 5"),
        pair("d", "What is 2+3?", "It is 5!"),
    ]
    cleaned(tmp_path, rows, Policy(clean=Clean(off=("near_duplicate",))))
    assert dropped(tmp_path) == {"exact_duplicate": ["b"]}
    (entry,) = read_rows(tmp_path / "clean" / "ledger.jsonl")
    assert entry["kept"] == "a"


def test_near_duplicates_need_both_prompt_and_answer(tmp_path: Path) -> None:
    chance = random.Random(3)
    prompt, answer = sentence(chance, 60), sentence(chance, 100)
    rows = [
        pair("b", prompt, answer),
        pair("a", changed(prompt, 2), changed(answer, 3)),
        pair("same-prompt", prompt, sentence(chance, 100)),
        pair("same-answer", sentence(chance, 60), answer),
        pair("far", changed(prompt, 25), changed(answer, 40)),
    ]
    cleaned(tmp_path, rows)
    assert dropped(tmp_path) == {"near_duplicate": ["b"]}
    (entry,) = read_rows(tmp_path / "clean" / "ledger.jsonl")
    assert entry["kept"] == "a"
    assert "alike" in entry["evidence"]


def test_the_best_ranked_of_near_duplicates_stays(tmp_path: Path) -> None:
    chance = random.Random(4)
    prompt, answer = sentence(chance, 60), sentence(chance, 100)
    rows = [
        pair("a", prompt, answer, rank=2),
        pair("c", changed(prompt, 1), answer, rank=0),
        pair("b", prompt, changed(answer, 2), rank=1),
    ]
    cleaned(tmp_path, rows)
    assert kept(tmp_path) == {"c"}


def test_a_chain_of_near_duplicates_is_one_group(tmp_path: Path) -> None:
    chance = random.Random(5)
    prompt, answer = sentence(chance, 50), sentence(chance, 120)
    rows = []
    for number in range(12):
        rows.append(pair(f"{chance.random()}", prompt, answer))
        answer = changed(answer, 4, number)
    cleaned(tmp_path, rows)
    assert kept(tmp_path) == {min(row["id"] for row in rows)}


def test_recall_and_precision_on_planted_rows(tmp_path: Path) -> None:
    """Exact: what is dropped is truly alike, and nearly all that is truly alike is dropped."""
    from g4tui_training.clean.signatures import overlap, shingle_set
    from g4tui_training.clean.texts import normal

    chance = random.Random(6)
    rows, truth = [], {}
    for number in range(300):
        prompt = sentence(chance, chance.randint(5, 60))
        answer = sentence(chance, chance.randint(3, 120))
        rows.append(pair(f"a{number:03}", prompt, answer))
        share = chance.random() * 0.12
        twin = [changed(text, int(len(text.split()) * share), number) for text in (prompt, answer)]
        rows.append(pair(f"b{number:03}", *twin))
        truth[f"b{number:03}"] = min(
            overlap(*(shingle_set(normal(text).encode()) for text in (one, other)))
            for one, other in zip((prompt, answer), twin, strict=True)
        )
    cleaned(tmp_path, rows, Policy(clean=Clean(off=("exact_duplicate",))))
    found = set(dropped(tmp_path).get("near_duplicate", ()))
    alike = {identity for identity, similarity in truth.items() if similarity >= 0.8}
    assert 100 < len(alike) < 250
    assert found <= alike
    assert len(found) >= 0.99 * len(alike)


def test_thresholds_are_those_of_the_recipe(tmp_path: Path) -> None:
    chance = random.Random(7)
    prompt, answer = sentence(chance, 60), sentence(chance, 100)
    rows = [pair("a", prompt, answer), pair("b", changed(prompt, 3), changed(answer, 4))]
    strict = Policy(clean=Clean(duplicates=Duplicates(prompt=0.97, response=0.97)))
    cleaned(tmp_path, rows, strict)
    assert kept(tmp_path) == {"a", "b"}
    loose = Policy(clean=Clean(duplicates=Duplicates(prompt=0.5, response=0.5)))
    cleaned(tmp_path, rows, loose)
    assert kept(tmp_path) == {"a"}
