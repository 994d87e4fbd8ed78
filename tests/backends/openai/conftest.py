"""A teacher to try, and what a person would see of it."""

from functools import partial
from pathlib import Path

import pytest

from support.teacher import MakeTeacher, quick_teacher


@pytest.fixture
def teacher(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MakeTeacher:
    """`teacher(base_url, key=..., retries=..., idle_s=...)`: an engine with quick limits."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    return partial(quick_teacher, tmp_path)
