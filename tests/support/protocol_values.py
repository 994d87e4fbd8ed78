"""Everything that host and worker can say to each other."""

from hypothesis import strategies as st

from g4tui.core import (
    Attachment,
    ErrorInfo,
    Failed,
    Finished,
    Message,
    ModelFile,
    ModelSpec,
    Params,
    Progress,
    ReasoningDelta,
    Request,
    TextDelta,
    Usage,
)
from g4tui.worker import protocol

NUMBER = st.integers(0, 2**53)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
ANY_TEXT = st.text(st.characters())
FLOAT = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | FLOAT | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ERRORS = st.builds(
    ErrorInfo, st.sampled_from(["model", "crashed"]), TEXT, TEXT, TEXT, st.none() | FLOAT
)
EVENTS = st.one_of(
    st.builds(Progress, st.sampled_from(["load", "prefill"]), NUMBER, NUMBER),
    st.builds(TextDelta, TEXT),
    st.builds(ReasoningDelta, TEXT),
    st.builds(Usage, NUMBER, NUMBER, NUMBER, st.booleans(), st.none() | FLOAT, st.none() | FLOAT),
    st.builds(Finished, st.sampled_from(["stop", "length", "filtered", "cancelled"])),
    st.builds(Failed, ERRORS),
)
MESSAGES = st.lists(
    st.builds(
        Message,
        st.sampled_from(["system", "user", "assistant"]),
        TEXT,
        TEXT,
        st.lists(st.builds(Attachment, TEXT, TEXT), max_size=2).map(tuple),
    ),
    max_size=4,
).map(tuple)
PARAMS = st.builds(
    Params,
    temperature=st.none() | FLOAT,
    seed=st.none() | st.integers(-(2**63), 2**64 - 1),
    stop=st.lists(TEXT, max_size=3).map(tuple),
    extra=st.dictionaries(TEXT, JSON, max_size=3),
)
REQUESTS = st.builds(
    Request,
    MESSAGES,
    PARAMS,
    st.booleans(),
    st.none() | TEXT,
    st.lists(TEXT, max_size=2).map(tuple),
)
SPECS = st.builds(ModelSpec, TEXT, TEXT, TEXT, st.just(("/a.gguf",)), st.none() | NUMBER)
FILES = st.lists(
    st.builds(ModelFile, TEXT, TEXT, NUMBER, st.sampled_from(["gguf", "ggml"])), max_size=2
).map(tuple)
ASKS = st.one_of(
    st.builds(
        protocol.Load,
        NUMBER,
        TEXT,
        SPECS,
        st.dictionaries(TEXT, JSON),
        TEXT,
        FILES,
        NUMBER,
        st.none() | TEXT,
    ),
    st.builds(protocol.Generate, NUMBER, REQUESTS),
    st.builds(protocol.Cancel, NUMBER),
    st.builds(protocol.CountTokens, NUMBER, MESSAGES),
    st.builds(protocol.Tokenize, NUMBER, TEXT),
    st.builds(protocol.Score, NUMBER, st.lists(NUMBER).map(tuple), NUMBER),
    st.builds(protocol.Embed, NUMBER, st.lists(TEXT).map(tuple)),
    st.builds(protocol.Idle, NUMBER),
    st.builds(protocol.Unload, NUMBER),
)
REPLIES = st.one_of(
    st.builds(protocol.Hello, NUMBER),
    st.builds(protocol.Loading, NUMBER, NUMBER, NUMBER),
    st.builds(protocol.Loaded, NUMBER, NUMBER, st.booleans()),
    st.builds(protocol.Streamed, NUMBER, EVENTS),
    st.builds(protocol.Counted, NUMBER, NUMBER),
    st.builds(protocol.Tokenized, NUMBER, st.lists(NUMBER)),
    st.builds(protocol.Scored, NUMBER, st.lists(FLOAT | st.sampled_from(["nan", "inf", "-inf"]))),
    st.builds(protocol.Embedded, NUMBER, st.lists(st.lists(FLOAT))),
    st.builds(protocol.Done, NUMBER),
    st.builds(protocol.Refused, NUMBER, ERRORS),
)
