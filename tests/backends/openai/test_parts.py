"""The small parts: stop strings, halves of characters, addresses, keys, prices."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g4tui.core import G4tuiError, Host, TextDelta
from g4tui_openai import meter, prices
from g4tui_openai.chunks import StopStrings, WholeCharacters
from g4tui_openai.endpoints import endpoint_of, endpoints
from g4tui_openai.keys import HIDDEN, Key, find_key, redacted
from g4tui_openai.options import SHOWN_MODELS, Options, Price, Server
from g4tui_openai.prices import cost, price_of, price_text
from g4tui_openai.words import retry_after

short = st.text("ab<|", max_size=12)


@given(st.lists(short, max_size=8), st.lists(st.text("ab<|", min_size=1, max_size=4), max_size=3))
def test_a_stop_string_never_shows_however_it_is_cut(parts: list[str], stops: list[str]) -> None:
    filter_ = StopStrings(stops)
    shown = ""
    for part in parts:
        shown += filter_.feed(part)
        # What is out cannot be taken back: it must be safe at every moment.
        assert not any(stop in shown for stop in stops)
    whole = "".join(parts)
    at = min((whole.find(stop) for stop in stops if stop in whole), default=-1)
    shown += filter_.end()
    if at < 0:
        assert shown == whole
    else:
        assert filter_.hit
        # A stop string that ends first wins, as it would in the server.
        assert whole.startswith(shown)
        assert len(shown) <= len(whole)


@given(st.lists(st.integers(0, 6), max_size=6), st.text(max_size=8))
def test_characters_are_whole_however_they_are_cut(cuts: list[int], text: str) -> None:
    """Cut between UTF-16 units, as JSON escapes can be."""
    units = text.encode("utf-16-le", "surrogatepass")
    edges = sorted({0, len(units), *(2 * cut for cut in cuts if 2 * cut < len(units))})
    pieces = [units[a:b] for a, b in pairwise(edges)]
    whole = WholeCharacters()
    out = "".join(whole.feed(piece.decode("utf-16-le", "surrogatepass")) for piece in pieces)
    assert out + whole.end() == text


def test_a_half_without_its_other_half() -> None:
    whole = WholeCharacters()
    assert whole.feed("a\ud83c") + whole.feed("b") + whole.feed("\udf88") == "a\ufffdb\ufffd"
    assert whole.feed("\ud83c") == ""
    assert whole.end() == "\ufffd"


@pytest.mark.parametrize(
    ("url", "origin", "host", "loopback", "needs_key"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com:443", "api.openai.com", False, True),
        ("http://127.0.0.1:8080/v1/", "http://127.0.0.1:8080", "127.0.0.1:8080", True, False),
        ("http://localhost/v1", "http://localhost:80", "localhost", True, False),
        ("http://[::1]:1234/v1", "http://[::1]:1234", "[::1]:1234", True, False),
        ("http://192.168.1.5:8000", "http://192.168.1.5:8000", "192.168.1.5:8000", False, False),
        ("https://127.evil.test/v1", "https://127.evil.test:443", "127.evil.test", False, True),
        ("http://127.0.0.1.x.test", "http://127.0.0.1.x.test:80", "127.0.0.1.x.test", False, False),
    ],
)  # fmt: skip
def test_addresses(url: str, origin: str, host: str, loopback: bool, needs_key: bool) -> None:
    endpoint = endpoints(Options(base_url=url))[0]
    assert (endpoint.origin, endpoint.host) == (origin, host)
    assert (endpoint.loopback, endpoint.needs_key) == (loopback, needs_key)


@pytest.mark.parametrize(
    "url",
    ["", "api.openai.com", "ftp://x/", "http://", "http://u:sk-secret99@h/v1", "http://h/v1?a=b",
     "http://h:port/v1", "http://[::1/v1"],
)  # fmt: skip
def test_addresses_that_cannot_be(url: str) -> None:
    """The error names the table and holds no secret of the address."""
    with pytest.raises(G4tuiError) as caught:
        endpoint_of("mine", Options(servers={"mine": Server(url)}))
    assert caught.value.info.kind == "config"
    assert "[backends.openai.servers.mine]" in str(caught.value)
    assert "secret99" not in str(caught.value)


def test_an_unknown_server_names_the_known_ones() -> None:
    with pytest.raises(G4tuiError, match="lab") as caught:
        endpoint_of("lap", Options(servers={"lab": Server("http://lab.test/v1")}))
    assert "ollama" in caught.value.info.detail


def test_a_key_is_for_its_origin_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment's key is OpenAI's; a table's own variable is that table's."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-openai")
    monkeypatch.setenv("LAB_KEY", "sk-of-the-lab")
    asked: list[tuple[str, str]] = []
    host = Host(tmp_path, secret=lambda *where: asked.append(where))
    servers = {
        "lab": Server("https://lab.test/v1", key_env="LAB_KEY"),
        "other": Server("https://other.test:9/v1"),
    }
    options = Options(servers=servers)

    def header(name: str) -> str | None:
        key = find_key(endpoint_of(name, options), host)
        return key.authorization() if key else None

    assert header("") == "Bearer sk-of-openai"
    assert header("lab") == "Bearer sk-of-the-lab"
    assert header("other") is None
    assert header("ollama") is None
    assert asked == [("openai@other", "https://other.test:9")]
    moved = endpoint_of("", Options(base_url="https://elsewhere.test/v1"))
    assert find_key(moved, host) is None


def test_a_key_is_never_shown(tmp_path: Path) -> None:
    key = Key("sk-abc")
    assert "abc" not in f"{key!r} {key} {[key]}"
    shown = redacted("no sk-abc, no sk-other123456, no Bearer xyz12345", key)
    assert shown == f"no {HIDDEN}, no {HIDDEN}, no {HIDDEN}"
    host = Host(tmp_path, secret=lambda *where: "sk-with\nbreak")
    with pytest.raises(G4tuiError) as caught:
        find_key(endpoint_of("lab", Options(servers={"lab": Server("https://lab.test")})), host)
    assert "break" not in str(caught.value)


def test_prices() -> None:
    """OpenAI's by a table with a date, also for dated names; nobody else's are guessed."""
    official = endpoint_of("", Options())
    other = endpoint_of("lab", Options(servers={"lab": Server("https://lab.test")}))
    assert price_of("gpt-4o-mini-2024-07-18", official, {}) == Price(0.15, 0.6, 0.075)
    assert price_of("gpt-4o-mini", other, {}) is None
    assert price_of("gpt-99", official, {}) is None
    assert price_text("gpt-99", official, {}) == "price unknown"
    assert price_text("gpt-4o-mini", official, {}).startswith("$0.15 in, $0.6 out per million")
    assert price_of("gpt-4o-mini", official, {"gpt-4o-mini": Price(1, 2)}) == Price(1, 2)
    assert cost(None, 1, 0, 1) is None
    assert cost(Price(1.0, 2.0), 1_000_000, 500_000, 500_000) == 2.0


def test_only_names_that_openai_knows() -> None:
    """What is listed before a key is there, and what has a price."""
    from openai.types import ChatModel

    table = json.loads(Path(prices.__file__).with_name("prices.json").read_bytes())
    assert {*SHOWN_MODELS, *table["models"]} <= {*get_args(ChatModel)}
    official = endpoint_of("", Options())
    assert all("$" in price_text(name, official, {}) for name in SHOWN_MODELS)


@pytest.mark.parametrize(("apart_s", "rate"), [(0.1, 10.0), (0.0001, None)])
def test_the_speed(monkeypatch: pytest.MonkeyPatch, apart_s: float, rate: float | None) -> None:
    """Tokens a second between the first and the last; none where all came at once."""
    clock = [5.0]
    monkeypatch.setattr(meter, "monotonic", lambda: clock[0])
    counted = meter.Meter(prompt=3, price=None)
    for _ in range(21):
        clock[0] += apart_s
        counted.see(TextDelta("word"))
    usage = counted.usage()
    assert usage.tok_per_s == pytest.approx(rate)
    assert (usage.completion, usage.cost_usd) == (21, None)
    assert usage.ttft_s == pytest.approx(apart_s)


@pytest.mark.parametrize(
    ("pieces", "tokens"),
    [(["Apples", " are", " everywhere"], 3), (["Apples are everywhere, so"], 6)],
)
def test_tokens_that_nobody_counted(pieces: list[str], tokens: int) -> None:
    """A token a piece, unless the server gathers them."""
    counted = meter.Meter(prompt=3, price=None)
    for piece in pieces:
        counted.see(TextDelta(piece))
    usage = counted.usage()
    assert (usage.prompt, usage.completion, usage.estimated) == (3, tokens, True)


def test_how_long_a_server_asks_to_wait() -> None:
    """Seconds, milliseconds, until a date; nonsense is no wish."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert retry_after({"retry-after": "7"}) == 7.0
    assert retry_after({"retry-after": "9", "retry-after-ms": "250"}) == 0.25
    assert 0 < (retry_after({"retry-after": soon}) or 0) <= 90
    assert retry_after({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}) == 0.0
    for nonsense in ("-1", "soon", "nan", "inf", "1e99", ""):
        assert retry_after({"retry-after": nonsense}) is None
    assert retry_after({}) is None
