"""`g4tui ask` with the real model, as scripts use it."""

import json
from pathlib import Path

from e2e.conftest import Run

MODEL = "llama-cpp:smollm2-135m-instruct"
FRUITS = ("ask", "-m", MODEL, "--set", "temperature=0", "--set", "max_tokens=40", "--json")


def test_the_same_question_gives_the_same_answer_and_is_saved(g4tui: Run) -> None:
    first, second = (g4tui(*FRUITS, input="Name three fruits.") for _ in range(2))
    assert first.returncode == second.returncode == 0, first.stderr
    answer = json.loads(first.stdout)
    assert set(answer) >= {"session", "model", "text", "finish_reason", "usage"}
    assert set(answer["usage"]) == {
        "prompt",
        "cached",
        "completion",
        "estimated",
        "ttft_s",
        "tok_per_s",
        "cost_usd",
    }
    assert answer["finish_reason"] in ("stop", "length")
    assert answer["usage"]["completion"] > 0
    assert answer["text"] == json.loads(second.stdout)["text"] != ""

    shown = json.loads(g4tui("sessions", "show", answer["session"], "--json").stdout)
    assert [(m["role"], m["text"]) for m in shown["messages"]] == [
        ("user", "Name three fruits."),
        ("assistant", answer["text"]),
    ]


def test_going_on_later_reads_only_what_is_new(g4tui: Run) -> None:
    story = "The red fox met the brown bear at the river. " * 12
    first = json.loads(g4tui(*FRUITS, f"{story} Who met whom?").stdout)
    second = json.loads(g4tui(*FRUITS, "--continue", "Where?").stdout)
    assert second["session"] == first["session"]
    assert second["usage"]["cached"] >= first["usage"]["prompt"] - 1, "kept on disk in between"


def test_a_prompt_longer_than_the_context_fails_with_its_numbers(g4tui: Run) -> None:
    asked = g4tui(*FRUITS, "--set", "context=256", input="word " * 2_000)
    assert asked.returncode == 1
    error = json.loads(asked.stdout)["error"]
    assert error["kind"] == "context"
    assert "256" in error["detail"]
    assert error["remedy"]


def test_a_bare_hand_made_file_is_a_model_too(
    g4tui: Run, default_model: Path, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "any name +1.gguf"
    elsewhere.hardlink_to(default_model)
    asked = g4tui("ask", "-m", f"llama-cpp:{elsewhere}", "--set", "max_tokens=5", "Hi")
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.strip()
