"""Damaged files: refused in Python, or by a worker whose end the host survives."""

import random
import struct
from pathlib import Path

import pytest

from g4tui.core import Failed, G4tuiError
from g4tui_ctransformers.options import CtransformersOptions, ModelOptions
from g4tui_ctransformers.precheck import examine
from support.model_files import spm_llama, tiny_gguf, tiny_gpt2, tiny_llama_ggjt, written

from .conftest import MakeWorker
from .test_answers import ask

GPT2, LLAMA, SPM = tiny_gpt2(), tiny_llama_ggjt(), spm_llama()
LAST_TENSOR = GPT2.rindex(b"model/h1") - 16


def _flipped(content: bytes, seed: int, first: int, last: int) -> bytes:
    """Three bits turned over between two places."""
    rng = random.Random(seed)
    changed = bytearray(content)
    for _ in range(3):
        changed[rng.randrange(first, last)] ^= 1 << rng.randrange(8)
    return bytes(changed)


DAMAGED = {
    "empty": b"",
    "a zero": b"\0",
    "magic only": GPT2[:4],
    "zeros": bytes(4096),
    "random": random.Random(1).randbytes(4096),
    "random after ggml": b"lmgg" + random.Random(2).randbytes(4096),
    "random after ggjt": b"tjgg\3\0\0\0" + random.Random(3).randbytes(4096),
    "random after gguf": b"GGUF\3\0\0\0" + random.Random(4).randbytes(4096),
    "text": b"<!DOCTYPE html><title>Not found</title>" * 20,
    "cut in the numbers": GPT2[:20],
    "cut in the words": GPT2[:700],
    "cut in the tensors": GPT2[: len(GPT2) // 2],
    "cut by one": GPT2[:-1],
    "a tensor fewer": GPT2[:LAST_TENSOR],
    "longer": GPT2 + bytes(64),
    "no words": GPT2[:4] + struct.pack("<i", 0) + GPT2[8:],
    "a million words": GPT2[:4] + struct.pack("<i", 1 << 20) + GPT2[8:],
    "less than no words": GPT2[:4] + struct.pack("<i", -5) + GPT2[8:],
    "a huge context": GPT2[:8] + struct.pack("<i", 1 << 30) + GPT2[12:],
    "no heads": GPT2[:16] + struct.pack("<i", 0) + GPT2[20:],
    "another type": GPT2[:24] + struct.pack("<i", 2002) + GPT2[28:],
    "an impossible type": GPT2[:24] + struct.pack("<i", 77) + GPT2[28:],
    "a strange name": GPT2.replace(b"model/ln_f/g", b"model/ln_f/q"),
    "ggjt cut": LLAMA[:-100],
    "ggjt turned over": _flipped(LLAMA, 5, 0, 36),
    "ggjt as ggml": b"lmgg" + LLAMA[8:],
    "gguf cut": SPM[:-300],
    "gguf of nothing": tiny_gguf(),
    "gguf wrong sizes": SPM.replace(struct.pack("<QQ", 32, 64), struct.pack("<QQ", 64, 32), 1),
    "gguf without end": SPM.replace(b"output.weight", b"outpux.weight"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_thirty_damaged_files_are_refused_before_native_code(tmp_path: Path, name: str) -> None:
    path = written(tmp_path, "bad.bin", DAMAGED[name])
    with pytest.raises(G4tuiError) as caught:
        examine(path, "bad", None, CtransformersOptions())
    info = caught.value.info
    assert info.kind in ("model", "unsupported"), info
    assert info.title and info.detail and info.remedy
    assert len(DAMAGED) == 30


@pytest.mark.parametrize("seed", range(6))
async def test_turned_bits_never_end_the_host(
    make_worker: MakeWorker, tmp_path: Path, seed: int
) -> None:
    """Weights and words may be anything: what loads answers nonsense, or fails."""
    base = (GPT2, LLAMA, SPM)[seed % 3]
    last = (4000, 9000, 12_000)[seed % 3] if seed < 3 else len(base)
    path = written(tmp_path, "turned.bin", _flipped(base, seed, 4, last))
    worker = make_worker(str(path))
    try:
        await worker.start()
        last_event = (await ask(worker, "Hello"))[-1]
        assert not isinstance(last_event, Failed) or last_event.error.title
    except G4tuiError as error:
        assert error.info.kind in ("model", "unsupported", "memory", "crashed")
    finally:
        await worker.close()


def test_what_is_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(G4tuiError, match="a folder") as caught:
        examine(tmp_path, "folder", None, CtransformersOptions())
    assert str(tmp_path) in caught.value.info.detail


def test_a_wrong_type_in_the_settings_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "gpt2.bin", GPT2)
    options = CtransformersOptions(models={"gpt2": ModelOptions(type="gptj")})
    with pytest.raises(G4tuiError) as caught:
        examine(path, "gpt2", None, options)
    assert caught.value.info.kind == "model"


def test_sound_files_pass(tmp_path: Path) -> None:
    for number, content in enumerate((GPT2, LLAMA, SPM)):
        found = examine(
            written(tmp_path, f"{number}.bin", content), "any", None, CtransformersOptions()
        )
        assert found.context == (128, 2048, 256)[number]
