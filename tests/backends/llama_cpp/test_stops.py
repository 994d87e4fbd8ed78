"""Stop strings end an answer and are never seen, however the text comes in pieces."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from g4tui_llama_cpp.stops import StopFilter

FEW = st.text(alphabet="ab<|>", max_size=30)


def shown(pieces: Sequence[str], stops: Sequence[str]) -> tuple[str, bool]:
    """What a person sees of `pieces`, and whether it was stopped."""
    filtered = StopFilter(stops)
    seen = ""
    for piece in pieces:
        seen += filtered.push(piece)
        if filtered.hit:
            return seen, True
    return seen + filtered.flush(), False


@given(FEW, st.lists(st.text(alphabet="ab<|>", min_size=1, max_size=4), max_size=3), st.data())
def test_the_same_text_is_shown_in_any_pieces(
    text: str, stops: list[str], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=5)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    seen, stopped = shown(pieces, stops)
    assert (seen, stopped) == shown([text], stops)
    assert stopped == any(stop in text for stop in stops)
    assert text.startswith(seen)
    assert not any(stop in seen for stop in stops)
    if not stopped:
        assert seen == text


def test_nothing_of_a_stop_string_leaks_before_it_is_whole() -> None:
    filtered = StopFilter(["END"])
    assert [filtered.push(piece) for piece in ("a E", "N", "E E", "ND b")] == ["a ", "", "ENE ", ""]
    assert filtered.hit
    assert filtered.push("more") == ""


def test_text_waits_only_while_it_may_be_a_stop_string() -> None:
    filtered = StopFilter(["\n\nUser:"])
    assert filtered.push("line\n") == "line"
    assert filtered.push("\n") == ""
    assert filtered.push("next") == "\n\nnext"
