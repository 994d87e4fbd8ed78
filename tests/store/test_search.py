"""Search: what contains a word is found by that word, in any script, whatever is typed."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis.strategies import characters, lists, sampled_from, text

from g4tui.core import Message
from g4tui.store import Hit, Store

SCRIPTS = [
    "abcxyzABCXYZ019",
    "éèüößñçÅåŁłİıſﬁ",
    "привЕтЁйъ",
    "ΑλφάΣςσ",
    "東京都日本語漢字㐀𠮷々",
    "ひらがなガギグーｱｲｳﾞ",
    "한국어학교서울",
    "สวัสดีครับไทย",
    "ကမ္ဘာខ្មែរລາວ",
    "हिन्दीक्षज्ञ",
    "שלוםבָּרָא",
    "مرحبابكَكِ",
    "😀👍🏽👩‍💻🇯🇵❤️🫠1️⃣",
    "½²³™℃",
]
SEPARATORS = [" ", "\n", ". ", ", ", " — ", "! ", "\t", "。 ", " (", ") ", '" ', " * ", "\r\n"]
WORDS = sampled_from(SCRIPTS).flatmap(
    lambda script: text(sampled_from(script), min_size=1, max_size=6)
)


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(tmp_path_factory.mktemp("searched") / "library.sqlite3")


def found(said: str, query: str, *, prefix: bool = False) -> list[Hit]:
    """What a library finds that holds nothing but `said`."""
    with TemporaryDirectory() as folder:
        store = Store.open(Path(folder) / "library.sqlite3")
        store.add_message(store.create_session().id, None, Message("user", said))
        hits = store.search(query, prefix=prefix)
        store.close()
    return hits


@settings(max_examples=150, deadline=None)
@given(
    before=lists(WORDS, max_size=4),
    word=WORDS,
    after=lists(WORDS, max_size=4),
    separator=sampled_from(SEPARATORS),
    change=sampled_from([str, str.upper, str.lower, str.title, lambda word: f'"{word}"']),
)
@example(["ab"], "ﬁ", [], " ", str.upper)
@example([], "İ", [], " ", str.lower)
@example([], "ı", [], " ", str.upper)
def test_a_text_is_found_by_each_of_its_words(
    searched: Store, before: list[str], word: str, after: list[str], separator: str, change: object
) -> None:
    said = separator.join([*before, word, *after])
    session = searched.create_session()
    message = searched.add_message(session.id, None, Message("user", said))
    query = change(word)  # type: ignore[operator]
    has_words = bool(searched.search(query))
    if any(character.isalnum() for character in word):
        assert has_words
    for prefix in (False, True):
        hits = [hit for hit in searched.search(query, 10_000, prefix) if hit.session == session.id]
        assert [hit.message for hit in hits] == [message.id] * has_words
        for hit in hits:
            assert_fits(hit)
    searched.delete_session(session.id)


@settings(max_examples=150, deadline=None)
@given(query=text(characters(), max_size=40))
@example('"')
@example('a" OR "b')
@example("words:hello")
@example("NEAR(a b, 2) AND NOT c*")
@example("{a b}: ^c + d - e")
@example("\x00")
@example("'; DROP TABLE messages; --")
@example('"' * 99)
@example("a " * 5_000)
@example("x" * 100_000)
@example("\ud800")
def test_no_query_is_an_error(searched: Store, query: str) -> None:
    for prefix in (False, True):
        assert isinstance(searched.search(query, prefix=prefix), list)


@settings(max_examples=100, deadline=None)
@given(said=text(characters(), max_size=300), query=text(characters(), min_size=1, max_size=3))
def test_snippets_fit_their_text(searched: Store, said: str, query: str) -> None:
    session = searched.create_session()
    searched.add_message(session.id, None, Message("user", said))
    for hit in searched.search(query, 10_000):
        assert_fits(hit)
    searched.delete_session(session.id)


def assert_fits(hit: Hit) -> None:
    """Ranges are in order, apart, not empty, and within the snippet, which is one line."""
    flat = [edge for pair in hit.ranges for edge in pair]
    assert flat == sorted(set(flat))
    assert not flat or (flat[0] >= 0 and flat[-1] <= len(hit.snippet))
    assert len(hit.snippet) <= 170
    assert len(hit.snippet.splitlines()) <= 1


@pytest.mark.parametrize(
    ("said", "query", "marked"),
    [
        ("I live in 東京都 now", "東京", ["東京"]),
        ("これは日本語です", "本語", ["本語"]),
        ("초등학교에서", "학교", ["학교"]),
        ("สวัสดีครับ", "ครับ", ["ครับ"]),
        ("thumbs 👍🏽 up", "👍", ["👍"]),
        ("I ❤️ it", "❤", ["❤"]),
        ("pair 👩‍💻 work", "👩‍💻", ["👩‍💻"]),
        ("Zoë's café", "cafe", ["café"]),
        ("naïve", "naïve", ["naïve"]),
        ("NAI\u0308VE", "naive", ["NAI\u0308VE"]),
        ("(nai\u0308ve)", "naive", ["nai\u0308ve"]),
        ("İstanbul and Zoë", "zoe", ["Zoë"]),
        ("die Straße", "STRASSE", ["Straße"]),
        ("ＦＵＬＬ width", "full", ["ＦＵＬＬ"]),
        ("half ｶﾞ width", "ガ", ["ｶﾞ"]),
        ("don't panic", "don't", ["don't"]),
        ("snake_case_name", "case", ["case"]),
        ("see main.py:12", "main.py", ["main.py"]),
        ("ёлка", "елка", ["ёлка"]),
        ("ΟΔΟΣ", "οδος", ["ΟΔΟΣ"]),
        ("ISPARTA'da ılık", "ilik", ["ılık"]),
        ("Łódź", "lodz", ["Łódź"]),
        ("soft\u00adhyphen", "softhyphen", ["soft\u00adhyphen"]),
        ("word and Word", "word", ["word", "Word"]),
        ("start art", "art", ["art"]),
        ("one two three", '"two three"', ["two three"]),
        ("one two three", "three one", ["one", "three"]),
    ],
)
def test_what_is_found_is_marked(said: str, query: str, marked: list[str]) -> None:
    (hit,) = found(said, query)
    assert [hit.snippet[start:end] for start, end in hit.ranges] == marked


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("one two three", '"one three"'),
        ("one two three", "one four"),
        ("東京", "京東"),
        ("東 西 京", "東京都"),
        ("start", "art"),
        ("hello", "hel"),
        ("か", "が"),
        ("anything", "?!"),
        ("anything", ""),
        ("anything", '"" ""'),
    ],
)
def test_what_is_not_there_is_not_found(said: str, query: str) -> None:
    assert found(said, query) == []


def test_as_one_types_more_the_last_word_may_go_on(store: Store) -> None:
    session = store.create_session().id
    row = store.add_message(session, None, Message("user", "A Quantised model, 日本語"))
    for typed in ("q", "qua", "QUANT", "quantised m", "model, 日", '"quantised mod'):
        assert [hit.message for hit in store.search(typed)] == [row.id], typed
    for typed in ("qua ", '"qua"', "qua model", "uantised"):
        assert store.search(typed) == [], typed
    assert store.search("qua", prefix=False) == []
    ((start, end),) = store.search("quan")[0].ranges
    assert store.search("quan")[0].snippet[start:end] == "Quan"


def test_newest_first_and_no_more_than_asked(store: Store) -> None:
    session = store.create_session().id
    rows = [store.add_message(session, None, Message("user", f"apple {n}")) for n in range(9)]
    ids = [row.id for row in rows]
    assert [hit.message for hit in store.search("apple")] == ids[::-1]
    assert [hit.message for hit in store.search("apple", limit=3)] == ids[:-4:-1]
    assert store.search("apple", limit=0) == []


def test_a_given_title_is_found_first(store: Store) -> None:
    session = store.create_session(title="Kyoto plans")
    row = store.add_message(session.id, None, Message("user", "we go to Kyoto"))
    hits = store.search("kyoto")
    assert [(hit.message, hit.snippet) for hit in hits] == [
        (row.id, "Kyoto plans"),
        (row.id, "we go to Kyoto"),
    ]
    assert hits[0].ranges == ((0, 5),)
    store.rename_session(session.id, "Osaka")
    assert len(store.search("kyoto")) == 1
    assert store.search("osaka")[0].session == session.id
    store.rename_session(session.id, "")
    assert store.search("osaka") == []
    assert store.session(session.id).title == "we go to Kyoto"
    assert len(store.search("kyoto")) == 1


def test_an_answer_is_found_when_it_has_ended(store: Store) -> None:
    session = store.create_session().id
    _, answer = store.begin_turn(session, None, Message("user", "question"), "m")
    store.flush_answer(answer.id, "partial wisdom")
    assert store.search("wisdom") == []
    store.finish_answer(answer.id, "stopped", "partial wisdom of ages")
    assert [hit.message for hit in store.search("wisdom ages")] == [answer.id]


def test_a_long_text_is_cut_around_the_match(store: Store) -> None:
    session = store.create_session().id
    said = "before " * 200 + "the\nneedle\there " + "after " * 200
    store.add_message(session, None, Message("user", said))
    (hit,) = store.search("needle")
    ((start, end),) = hit.ranges
    assert hit.snippet[start:end] == "needle"
    assert "the needle here after" in hit.snippet
    assert hit.snippet.startswith("…before")
    assert hit.snippet.endswith("…")


def test_a_message_of_five_megabytes_is_saved_and_found(store: Store) -> None:
    session = store.create_session().id
    said = "pasted wörd " * 420_000 + "omega"
    row = store.add_message(session, None, Message("user", said))
    assert store.message(row.id).message.text == said
    (hit,) = store.search("omega")
    assert (hit.message, hit.ranges) == (row.id, ())
    assert store.search("word")[0].ranges
