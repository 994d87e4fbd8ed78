"""How records of known shapes become rows: ours, Alpaca, ShareGPT, OpenAI messages, text, trees."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import msgspec

from g4tui_training.pairs import Turn
from g4tui_training.recipe import Columns, Shape
from g4tui_training.sources.records import (
    Draft,
    Record,
    Unfit,
    as_number,
    as_text,
    conversation,
    text_of,
    turn_of,
    value_at,
)
from g4tui_training.sources.trees import is_tree, tree_drafts

_PROMPT_KEYS = ("prompt", "question", "query")
_TEXT_KEYS = (*_PROMPT_KEYS, "text", "instruction")
_HUMAN = "<human>:"
_SPEAKER = re.compile(r"^<(human|bot)>:", re.MULTILINE)
_ANSWER_KEYS = ("response", "output", "completion", "answer")
_ID_KEYS = ("id", "uid", "uuid", "question_id", "conversation_id", "message_id")
_TEACHER_KEYS = ("teacher", "model", "model_name", "model_id")


def drafts_of(record: object, shape: Shape, columns: Columns) -> list[Draft]:
    """The rows in one record: one for most shapes. Raises `Unfit`."""
    if isinstance(record, str):
        record = {"prompt": record}
    if not isinstance(record, Mapping):
        what = {list: "a list", bool: "true or false", type(None): "null"}
        raise Unfit(f"{what.get(type(record), 'a number')} where an object belongs")
    if columns.prompt or columns.messages:
        return [_mapped(record, columns)]
    found = shape if shape != "auto" else shape_of(record)
    made = list(_READERS[found](record))
    return [_with_columns(draft, columns) for draft in made]


def shape_of(record: Record) -> Shape:
    """The shape that a record's keys tell. Raises `Unfit`."""
    if "conversations" in record:
        return "sharegpt"
    if isinstance(record.get("messages"), list | tuple):
        return "messages"
    if "instruction" in record:
        return "alpaca"
    if is_tree(record):
        return "tree"
    if any(key in record for key in _PROMPT_KEYS) and any(key in record for key in _ANSWER_KEYS):
        return "pair"
    if any(isinstance(record.get(key), str) for key in _TEXT_KEYS) or "turns" in record:
        return "text"
    raise Unfit("no known shape; its keys: " + ", ".join(sorted(map(str, record))[:6]))


def _pair(record: Record) -> Iterator[Draft]:
    if isinstance(record.get("messages"), list | tuple):
        turns = _turns(record["messages"], "role", "content")
        yield _known(Draft(turns, _answer(record), record))
        return
    prompt = next((record[key] for key in _PROMPT_KEYS if key in record), None)
    yield _known(Draft(_asked("", text_of(prompt)), _answer(record), record))


def _alpaca(record: Record) -> Iterator[Draft]:
    instruction = text_of(record.get("instruction"))
    system = as_text(record.get("system"))
    instances = record.get("instances")
    if isinstance(instances, list | tuple):
        for number, instance in enumerate(instances):
            if not isinstance(instance, Mapping):
                raise Unfit("an instance that is no object")
            asked = with_input(instruction, as_text(instance.get("input")))
            draft = _known(Draft(_asked(system, asked), _answer(instance), record))
            identity = draft.id and (f"{draft.id}.{number}" if len(instances) > 1 else draft.id)
            yield _replaced(draft, id=identity)
        return
    *head, last = _asked(system, with_input(instruction, as_text(record.get("input"))))
    turns = (*head, *_history(record.get("history")), last)
    yield _known(Draft(turns, _answer(record), record))


def _history(listed: object) -> Iterator[Turn]:
    """What was asked and answered before, in couples."""
    for couple in listed if isinstance(listed, list | tuple) else ():
        if not isinstance(couple, list | tuple) or len(couple) != 2:
            raise Unfit("a history that is not in couples")
        yield Turn("user", text_of(couple[0]))
        yield Turn("assistant", text_of(couple[1]))


def _sharegpt(record: Record) -> Iterator[Draft]:
    turns = _turns(record.get("conversations"), "from", "value")
    system = as_text(record.get("system"))
    yield _known(conversation(_asked(system, "")[:-1] + turns, record))


def _messages(record: Record) -> Iterator[Draft]:
    turns = _turns(record.get("messages"), "role", "content")
    answer = _answer(record)
    draft = conversation(turns, record)
    if answer is not None and draft.response is None:
        draft = _replaced(draft, response=answer)
    yield _known(draft)


def _text(record: Record) -> Iterator[Draft]:
    if isinstance(record.get("turns"), list | tuple):
        first = list(record["turns"])[:1]  # type: ignore[call-overload]
        if not first:
            raise Unfit("no turns")
        yield _known(Draft(_asked("", text_of(first[0])), None, record))
        return
    for key in _TEXT_KEYS:
        if isinstance(record.get(key), str):
            text = as_text(record[key])
            if text.startswith(_HUMAN):
                yield _known(conversation(_transcript(text), record))
                return
            yield _known(Draft(_asked("", as_text(record[key])), None, record))
            return
    raise Unfit("no text")


def _transcript(text: str) -> tuple[Turn, ...]:
    """Turns of one text that marks each with its speaker, as OIG has them."""
    pieces = _SPEAKER.split(text)
    return tuple(
        turn_of(speaker, said.strip())
        for speaker, said in zip(pieces[1::2], pieces[2::2], strict=True)
    )


_READERS = {
    "pair": _pair,
    "alpaca": _alpaca,
    "sharegpt": _sharegpt,
    "messages": _messages,
    "text": _text,
    "tree": tree_drafts,
}


def with_input(instruction: str, given: str) -> str:
    """An instruction and its input, as the evaluation joins them."""
    return f"{instruction}\n\n{given}" if given.strip() else instruction


def _mapped(record: Record, columns: Columns) -> Draft:
    system = as_text(_column(record, columns.system))
    if columns.messages:
        listed = _column(record, columns.messages)
        first = listed[0] if isinstance(listed, list) and listed else {}
        keys = ("from", "value") if isinstance(first, Mapping) and "from" in first else None
        turns = _turns(listed, *(keys or ("role", "content")))
        draft = conversation(_asked(system, "")[:-1] + turns, record)
    else:
        prompt = _column(record, columns.prompt)
        if prompt is None:
            raise Unfit(f"nothing in column {columns.prompt}")
        given = as_text(_column(record, columns.input))
        draft = Draft(_asked(system, with_input(as_text(prompt), given)), None, record)
    return _with_columns(_known(draft), columns)


def _with_columns(draft: Draft, columns: Columns) -> Draft:
    """The draft with the values of all columns that are named (not the prompt's)."""
    changes: dict[str, object] = {}
    for name in ("id", "source", "licence", "teacher", "finish_reason"):
        if column := getattr(columns, name):
            changes[name] = as_text(_column(draft.fields, column))
    if columns.response:
        answer = _column(draft.fields, columns.response)
        changes["response"] = None if answer is None else as_text(answer)
    if columns.created:
        changes["created"] = moment(_column(draft.fields, columns.created))
    if columns.rank:
        changes["rank"] = as_number(_column(draft.fields, columns.rank))
    return _replaced(draft, **changes) if changes else draft


def _known(draft: Draft) -> Draft:
    """The draft with what well-known keys of its record say, where it says nothing itself."""
    fields = draft.fields
    finish = as_text(fields.get("finish_reason"))
    return _replaced(
        draft,
        id=draft.id or _first(fields, _ID_KEYS),
        source=draft.source or _plain(fields.get("source")),
        licence=draft.licence or _first(fields, ("licence", "license")),
        teacher=draft.teacher or _first(fields, _TEACHER_KEYS),
        finish_reason=draft.finish_reason or finish,
        terms=draft.terms or _plain(fields.get("terms")),
        created=draft.created if draft.created is not None else moment(fields.get("created")),
        rank=draft.rank if draft.rank is not None else as_number(fields.get("rank")),
    )


def moment(value: object) -> float | None:
    """Seconds since 1970 of a number or an ISO date (UTC if it does not say); else `None`."""
    if isinstance(value, str):
        try:
            date = datetime.fromisoformat(value)
            return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()
        except (ValueError, OverflowError):
            return as_number(value)
    return as_number(value)


def _answer(record: Record) -> str | None:
    for key in _ANSWER_KEYS:
        if key in record:
            value = record[key]
            return None if value is None else text_of(value)
    return None


def _asked(system: str, prompt: str) -> tuple[Turn, ...]:
    head = (Turn("system", system),) if system.strip() else ()
    return (*head, Turn("user", prompt))


def _turns(listed: object, role: str, content: str) -> tuple[Turn, ...]:
    if not isinstance(listed, list | tuple) or not listed:
        raise Unfit("no list of messages")
    turns = []
    for message in listed:
        if not isinstance(message, Mapping):
            raise Unfit("a message that is no object")
        who = message.get(role, message.get("role", message.get("from")))
        said = message.get(content, message.get("content", message.get("value")))
        turns.append(turn_of(who, said))
    return tuple(turns)


def _column(record: Record, name: str) -> object:
    if not name:
        return None
    try:
        return value_at(record, name)
    except KeyError as error:
        raise Unfit(f"no column {name}") from error


def _first(fields: Record, keys: tuple[str, ...]) -> str:
    for key in keys:
        if text := _plain(fields.get(key)):
            return text
    return ""


def _plain(value: object) -> str:
    return as_text(value) if isinstance(value, str | int | float) else ""


def _replaced(draft: Draft, **changes: object) -> Draft:
    return msgspec.structs.replace(draft, **changes)
