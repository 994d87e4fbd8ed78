"""What every test may use."""

import signal
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent


def pytest_configure() -> None:
    """Programs that tests start must hear signals, also where `nohup` or `&` started the tests."""
    for number, handler in (
        (signal.SIGINT, signal.default_int_handler),
        (signal.SIGHUP, signal.SIG_DFL),
    ):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.fixture(scope="session")
def default_model() -> Path:
    """The real 98 MB model, where `make test` pulls it to."""
    return REPOSITORY / ".cache" / "home" / "data" / "models" / "smollm2-135m-instruct.gguf"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh `G4TUI_HOME`, for this process and its children."""
    folder = tmp_path / "home"
    monkeypatch.setenv("G4TUI_HOME", str(folder))
    return folder
