"""LoRA adapters come with a request and are swapped on one loaded base."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from support.local_engine import Local
from support.lora import write_lora

pytestmark = pytest.mark.model
QUESTION = "What is a laptop? " + "Please say it in your own words. " * 12


@pytest.fixture(scope="module")
def loras(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Paths of adapters by name: `weak`, `strong`, and `foreign` for another architecture."""
    folder = tmp_path_factory.mktemp("loras")
    return {
        "nothing": str(write_lora(folder / "nothing.gguf", strength=0.0)),
        "strong": str(write_lora(folder / "strong.gguf", strength=0.2)),
        "foreign": str(write_lora(folder / "foreign.gguf", architecture="qwen2")),
    }


def test_adapters_are_swapped_on_one_base(
    opened: Callable[..., Local], loras: dict[str, str]
) -> None:
    local = opened()
    base = local.say(QUESTION).text
    strong = local.say(QUESTION, adapters=[loras["strong"]])
    assert strong.text != base
    assert strong.usage.cached == 0, "what the base evaluated is worth nothing with an adapter"
    assert local.say(QUESTION, adapters=[loras["nothing"]]).text == base
    assert local.say(QUESTION, adapters=[loras["strong"]]).text == strong.text
    assert local.say(QUESTION).text == base


def test_base_and_student_each_keep_a_conversation(
    opened: Callable[..., Local], loras: dict[str, str]
) -> None:
    """As when both answer side by side."""
    local = opened()
    base = local.say(QUESTION, key="both").text
    student = local.say(QUESTION, key="both", adapters=[loras["strong"]]).text
    local.close()
    local = opened()
    assert local.say(QUESTION, base, "Go on.", key="both").evaluated < 30
    again = local.say(QUESTION, student, "Go on.", key="both", adapters=[loras["strong"]])
    assert again.evaluated < 30
    assert len(local.saved("both")) == 2


def test_a_model_named_with_an_adapter_uses_it(
    opened: Callable[..., Local], loras: dict[str, str]
) -> None:
    named = opened(adapters=[loras["strong"]])
    plain = opened()
    with_adapter = plain.say(QUESTION, adapters=[loras["strong"]])
    assert named.say(QUESTION).text == with_adapter.text
    ids = plain.engine.tokenize("A laptop is a small computer.")
    assert named.engine.score(ids, 1) != plain.engine.score(ids, 1)


def test_what_is_no_fitting_adapter_is_refused(
    local: Local, loras: dict[str, str], default_model: Path, tmp_path: Path
) -> None:
    halved = tmp_path / "halved.gguf"
    data = Path(loras["strong"]).read_bytes()
    halved.write_bytes(data[: len(data) // 2])
    random = tmp_path / "random.gguf"
    random.write_bytes(bytes(range(256)) * 40)
    for path, kind in (
        (loras["foreign"], "model"),
        (str(default_model), "model"),
        (str(halved), "model"),
        (str(random), "model"),
        (str(tmp_path / "absent.gguf"), "missing"),
    ):
        error = local.say("Hello", adapters=[path]).error
        assert error.kind == kind
        assert error.title and error.detail and error.remedy
    assert local.say("Hello").text


def test_an_adapter_trained_anew_under_its_old_name_is_read_anew(
    opened: Callable[..., Local], loras: dict[str, str], tmp_path: Path
) -> None:
    local = opened()
    path = tmp_path / "student.gguf"
    shutil.copyfile(loras["nothing"], path)
    before = local.say(QUESTION, adapters=[str(path)]).text
    shutil.copyfile(loras["strong"], path)
    assert local.say(QUESTION, adapters=[str(path)]).text != before
