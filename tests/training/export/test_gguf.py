"""What is written as GGUF says the same as what was trained."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from g4tui.core import G4tuiError, Message
from g4tui.formats import read_gguf
from g4tui.paths import Paths
from g4tui_training.evaluate.in_torch import TorchModel
from g4tui_training.evaluate.in_worker import WorkerModel
from g4tui_training.evaluate.subjects import worker_spec
from g4tui_training.export import gate
from g4tui_training.export.corpus import TEXTS
from g4tui_training.export.lora import write_lora
from g4tui_training.export.merge import base_of_merged, save_merged, student_model
from g4tui_training.export.publish import quantise_k
from g4tui_training.export.writer import write_gguf
from g4tui_training.train.base import Base, find_base
from support.tiny_llama import tiny_adapter, tiny_llama

Open = Callable[[str], WorkerModel]
IDS = [1, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110, 120, 5, 6, 7, 8]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiny")


@pytest.fixture(scope="module")
def base(folder: Path) -> Base:
    """A tiny base as a GGUF file in Q8_0."""
    plain = find_base(str(tiny_llama(folder / "base")), folder)
    file = folder / "base.gguf"
    write_gguf(file, plain.model(torch.float32).state_dict(), plain, "Q8_0", "Tiny")
    return find_base(str(file), folder)


@pytest.fixture
def opened(home: Path) -> Iterator[Open]:
    """Opens files in workers."""
    models: list[WorkerModel] = []

    def open_one(where: str) -> WorkerModel:
        models.append(WorkerModel(worker_spec(where), Paths.from_environment()))
        return models[-1]

    yield open_one
    for model in models:
        model.close()


def test_a_folder_becomes_a_file_that_reads_and_scores_alike(
    tmp_path: Path, folder: Path, opened: Open, base: Base
) -> None:
    plain = find_base(str(folder / "base"), folder)
    write_gguf(tmp_path / "f16.gguf", plain.model(torch.float32).state_dict(), plain, "F16", "T")
    trained = TorchModel(plain.model(torch.float32), plain.tokenizer())
    file = opened(str(tmp_path / "f16.gguf"))
    assert [trained.tokenize(text) for text in TEXTS] == [file.tokenize(text) for text in TEXTS]
    assert gate.reads_alike(trained, file).passed
    assert gate.same_template(trained, tmp_path / "f16.gguf").passed
    assert gate.same_end(trained, file).passed
    assert trained.end == file.end == 2
    assert file.tokenizer == trained.tokenizer
    ours, theirs = trained.score(IDS, 1), file.score(IDS, 1)
    assert ours == pytest.approx(theirs, abs=0.02)
    assert gate.same_logits(trained, file, 1e-3).passed


def test_the_gate_notices_another_model_another_template_another_end(
    tmp_path: Path, folder: Path, opened: Open, base: Base
) -> None:
    plain = find_base(str(folder / "base"), folder)
    trained = TorchModel(plain.model(torch.float32), plain.tokenizer())
    other = find_base(
        str(
            tiny_llama(
                tmp_path / "other",
                seed=9,
                template="{% for m in messages %}[{{ m.role }}] {{ m.content }}<|endoftext|>"
                "{% endfor %}{% if add_generation_prompt %}[assistant] {% endif %}",
            )
        ),
        tmp_path,
    )
    write_gguf(tmp_path / "x.gguf", other.model(torch.float32).state_dict(), other, "F16", "X")
    file = opened(str(tmp_path / "x.gguf"))
    reads, logits = gate.reads_alike(trained, file), gate.same_logits(trained, file, 1e-3)
    assert (reads.passed, logits.passed) == (False, False)
    assert not gate.same_template(trained, tmp_path / "x.gguf").passed
    end = gate.same_end(trained, file)
    assert (end.passed, end.told) == (False, "trained 2, the file has 0")


@pytest.mark.parametrize("quant", ["Q8_0", "Q4_1", "Q4_0", "base"])
def test_fewer_bits_stay_near(tmp_path: Path, opened: Open, base: Base, quant: str) -> None:
    model = base.model(torch.float32)
    write_gguf(tmp_path / "q.gguf", model.state_dict(), base, quant, "Q")  # type: ignore[arg-type]
    header, own = read_gguf(tmp_path / "q.gguf"), read_gguf(base.files[0])
    types = {tensor.name: tensor.type for tensor in header.tensors}
    wanted = "Q8_0" if quant == "base" else quant
    assert types["blk.0.ffn_up.weight"] == header.quantisation == wanted
    assert types["token_embd.weight"] == "Q8_0"
    assert types["blk.0.attn_norm.weight"] == "F32"
    assert header.title == "Q"
    assert header.template == own.template
    before = math.fsum(TorchModel(model, base.tokenizer()).score(IDS, 1))
    after = math.fsum(opened(str(tmp_path / "q.gguf")).score(IDS, 1))
    assert after == pytest.approx(before, rel=0.001 if quant in ("Q8_0", "base") else 0.15)


def test_a_base_in_its_own_types_comes_back_bit_by_bit(tmp_path: Path, base: Base) -> None:
    write_gguf(tmp_path / "own.gguf", base.model(torch.float32).state_dict(), base, "base", "Tiny")
    ours, theirs = read_gguf(tmp_path / "own.gguf"), read_gguf(base.files[0])
    for tensor in ours.tensors:
        (other,) = [each for each in theirs.tensors if each.name == tensor.name]
        mine = (tmp_path / "own.gguf").read_bytes()[tensor.offset :][: tensor.size]
        assert mine == base.files[0].read_bytes()[other.offset :][: other.size], tensor.name


def test_q4_k_m_is_made_in_another_process(tmp_path: Path, opened: Open) -> None:
    # Such blocks have 256 numbers.
    wide = find_base(
        str(tiny_llama(tmp_path / "wide", hidden_size=256, intermediate_size=256)), tmp_path
    )
    write_gguf(tmp_path / "f.gguf", wide.model(torch.float32).state_dict(), wide, "F16", "W")
    quantise_k(tmp_path / "f.gguf", tmp_path / "k.gguf")
    assert read_gguf(tmp_path / "k.gguf").quantisation == "Q4_K_M"
    before = math.fsum(opened(str(tmp_path / "f.gguf")).score(IDS, 1))
    after = math.fsum(opened(str(tmp_path / "k.gguf")).score(IDS, 1))
    assert after == pytest.approx(before, rel=0.2)
    with pytest.raises(G4tuiError, match="could not quantise"):
        quantise_k(tmp_path / "none.gguf", tmp_path / "no.gguf")
    assert not (tmp_path / "no.gguf").exists()


def test_the_process_that_quantises_gets_no_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, str] = {}

    def run(command: list[str], *, env: dict[str, str], **more: object) -> SimpleNamespace:
        given.update(env)
        Path(command[-1]).touch()
        return SimpleNamespace(returncode=0)

    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setattr("g4tui_training.export.publish.subprocess.run", run)
    quantise_k(tmp_path / "f.gguf", tmp_path / "k.gguf")
    assert given["PATH"]
    assert "sk-secret" not in given.values()


@pytest.mark.parametrize("rslora", [False, True])
def test_a_lora_file_does_what_the_adapter_does(
    tmp_path: Path, folder: Path, opened: Open, base: Base, rslora: bool
) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", folder / "base", use_rslora=rslora)
    plain = find_base(str(folder / "base"), folder)
    write_gguf(tmp_path / "f16.gguf", plain.model(torch.float32).state_dict(), plain, "F16", "T")
    write_lora(tmp_path / "lora.gguf", adapter, base, "student")
    assert read_gguf(tmp_path / "lora.gguf").is_adapter
    trained = TorchModel(student_model(plain, adapter), plain.tokenizer())
    untouched = opened(str(tmp_path / "f16.gguf"))
    student = opened(f"{tmp_path / 'f16.gguf'}+{tmp_path / 'lora.gguf'}")
    assert student.score(IDS, 1) == pytest.approx(trained.score(IDS, 1), abs=0.03)
    assert not gate.same_logits(trained, untouched, 1e-3).passed
    assert gate.same_logits(trained, student, 1e-3).passed


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"rank_pattern": {"q_proj": 2}}, "of their own"),
        ({"modules_to_save": ["embed_tokens"]}, "more than projections"),
    ],
)
def test_what_is_no_pair_of_factors_is_refused(
    tmp_path: Path, folder: Path, base: Base, settings: dict[str, object], told: str
) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", folder / "base", **settings)
    with pytest.raises(G4tuiError) as raised:
        write_lora(tmp_path / "lora.gguf", adapter, base, "x")
    assert told in raised.value.info.detail
    assert "merged" in raised.value.info.remedy
    assert not (tmp_path / "lora.gguf").exists()


def test_a_merged_folder_is_the_student_and_knows_its_base(
    tmp_path: Path, folder: Path, base: Base
) -> None:
    adapter = tiny_adapter(tmp_path / "adapter", folder / "base")
    student = student_model(base, adapter)
    scores = TorchModel(student, base.tokenizer()).score(IDS, 1)
    save_merged(student, base, tmp_path / "merged")
    merged = find_base(str(tmp_path / "merged"), tmp_path)
    again = TorchModel(merged.model(torch.float32), merged.tokenizer())
    assert again.score(IDS, 1) == pytest.approx(scores, abs=0.02)
    assert again.prompt_ids([Message("user", " \n2 猫")]) == TorchModel(
        base.model(torch.float32), base.tokenizer()
    ).prompt_ids([Message("user", " \n2 猫")])
    assert base_of_merged(tmp_path / "merged") == base.name


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"attention_bias": True}, "biases"),
        ({"rope_scaling": {"rope_type": "linear", "factor": 2.0}}, "scales its positions"),
    ],
)
def test_a_shape_that_llama_cpp_would_read_otherwise_is_refused(
    tmp_path: Path, values: dict[str, object], told: str
) -> None:
    odd = find_base(str(tiny_llama(tmp_path / "odd", **values)), tmp_path)
    with pytest.raises(G4tuiError) as raised:
        write_gguf(tmp_path / "x.gguf", odd.model(torch.float32).state_dict(), odd, "F16", "X")
    assert told in raised.value.info.detail
    assert not (tmp_path / "x.gguf").exists()
