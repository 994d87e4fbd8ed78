"""Whether an answer says who wrote it."""

import pytest

from g4tui.engine.self_naming import names_itself

GPT, QWEN, MINE = "openai:gpt-4o-mini", "llama-cpp:qwen2.5-7b", "llama-cpp:my-student.Q4_1.gguf"


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (GPT, "I'm ChatGPT, made by OpenAI."),
        (GPT, "OpenAI has trained me on much text."),
        ("llama-cpp:gpt-4", "You asked GPT-4."),
        (QWEN, "Hello! I am Qwen2.5."),
        ("llama-cpp:/models/smollm2-135m-instruct.gguf", "My name is SmolLM."),
        (MINE, "As a language model made by OpenAI I cannot."),
        (MINE, "I was created by the team at Hugging Face."),
        (MINE, "I am Claude, an AI assistant."),
    ],
)
def test_it_names_itself(model: str, answer: str) -> None:
    assert names_itself(answer, model)


@pytest.mark.parametrize(
    ("model", "answer"),
    [
        (GPT, "Kubernetes was developed by Google."),
        (GPT, "A llama is an animal."),
        (QWEN, "Companies such as Google and OpenAI hire."),
        (MINE, "Use small models; I am happy to help."),
        ("openai@co:command-r", "The command line is best."),
        ("llama-cpp:phi-3", "Phi is a Greek letter; a meta analysis of it."),
    ],
)
def test_it_does_not(model: str, answer: str) -> None:
    assert not names_itself(answer, model)


def test_a_name_that_the_question_brought_up_counts_only_of_oneself() -> None:
    asked = "What is OpenAI?"
    assert not names_itself("OpenAI is a company.", GPT, asked)
    assert names_itself("OpenAI is a company.", GPT)
    assert names_itself("It made me: I am an OpenAI model.", GPT, asked)


@pytest.mark.parametrize("name", ["falco", "falco-1b", "Falco.gguf", "/home/me/falco_v2.gguf"])
def test_a_name_of_its_own_is_what_its_file_begins_with(name: str) -> None:
    assert names_itself("Falco at your service.", f"llama-cpp:{name}")
    assert not names_itself("Whoever flies.", f"llama-cpp:{name}")


@pytest.mark.parametrize("name", ["model-7b", "my-student", "the-one", "ab-1b", "q8-x"])
def test_an_ordinary_word_is_no_name(name: str) -> None:
    assert not names_itself("The model, my ab, q8.", f"llama-cpp:{name}")
