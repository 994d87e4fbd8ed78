"""A recipe: one TOML file that describes a whole run, as types.

Every key has a description, from which `init` writes a commented recipe. Paths in a recipe are
relative to its own folder.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from g4tui.core import Params

Fraction = Annotated[float, Meta(ge=0.0, le=1.0)]
Positive = Annotated[int, Meta(ge=1)]
Money = Annotated[float, Meta(ge=0.0)]
Format = Literal["auto", "jsonl", "json", "csv", "tsv", "parquet"]
Shape = Literal["auto", "pair", "alpaca", "sharegpt", "messages", "text", "tree"]


class Columns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which column of a source holds what; a dotted name reaches into an object (`a.0.b`)."""

    id: str = ""
    prompt: str = ""
    input: Annotated[str, Meta(description="put behind the prompt, after a blank line")] = ""
    system: str = ""
    messages: str = ""
    response: str = ""
    source: Annotated[str, Meta(description="kept as source/VALUE")] = ""
    licence: Annotated[str, Meta(description="goes before the source's licence")] = ""
    teacher: str = ""
    finish_reason: str = ""
    created: str = ""
    rank: Annotated[str, Meta(description="0 is the best of several answers")] = ""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where rows come from: files, a data set of the Hugging Face hub, or your own votes."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    licence: Annotated[
        str, Meta(min_length=1, description="an SPDX expression, as Apache-2.0; or unknown")
    ]
    path: Annotated[
        str | tuple[str, ...], Meta(description="one file or several; * and ? match names")
    ] = ""
    dataset: Annotated[str, Meta(description="a data set of the hub, as owner/name")] = ""
    votes: Annotated[
        bool, Meta(description="in place of files: your votes and corrections in the chat")
    ] = False
    revision: Annotated[str, Meta(description="of the data set: a commit, for good reason")] = ""
    files: Annotated[str, Meta(description="which files of the data set; * matches")] = ""
    format: Annotated[Format, Meta(description="auto: by the file's ending")] = "auto"
    shape: Annotated[Shape, Meta(description="auto: row by row, by its keys")] = "auto"
    columns: Columns = Columns()
    where: Annotated[
        dict[str, str | int | float | bool],
        Meta(description="take only rows whose column has this value"),
    ] = {}
    answers: Annotated[
        Literal["keep", "ask"],
        Meta(description="keep: published answers are used; ask: the teacher answers anew"),
    ] = "keep"
    teacher: Annotated[
        str, Meta(description="who wrote the published answers: a model's name, or human")
    ] = ""
    terms: Annotated[
        Literal["", "openai"], Meta(description="whose terms reach the text besides its licence")
    ] = ""
    attribution: Annotated[str, Meta(description="whom to name, and where; CC BY requires it")] = ""
    url: Annotated[str, Meta(description="where it was found")] = ""
    sample: Annotated[Fraction, Meta(description="share of the rows to take")] = 1.0
    cap: Annotated[Positive | None, Meta(description="rows to take at most")] = None
    weight: Annotated[float, Meta(ge=0.0, description="how much each row counts in training")] = 1.0
    held: Annotated[
        bool, Meta(description="all its rows, and prompts like them, are held back from training")
    ] = False
    low_diversity: Annotated[
        Literal["", "drop", "cap", "keep"],
        Meta(description="for this source, in place of clean.low_diversity.action"),
    ] = ""


class Collect(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the teacher is asked."""

    teacher: Annotated[
        str, Meta(description="the model to learn from, as backend:model; empty: ask nobody")
    ] = ""
    terms: Annotated[
        Literal["auto", "", "openai"],
        Meta(description="terms on the teacher's text; auto: openai for api.openai.com"),
    ] = "auto"
    system: Annotated[str, Meta(description="the system prompt, where a row has none")] = ""
    params: Annotated[Params, Meta(description="how to sample; max_tokens bounds the cost")] = (
        Params(max_tokens=1024)
    )
    concurrency: Annotated[Positive, Meta(description="requests in flight")] = 8
    requests_per_minute: Positive | None = None
    tokens_per_minute: Positive | None = None
    retries: Annotated[int, Meta(ge=0, description="of one prompt, with growing pauses")] = 5
    max_usd: Annotated[
        Money | None, Meta(description="stops before an answer could cost more in all")
    ] = None
    max_tokens: Annotated[
        Positive | None, Meta(description="stops before prompts and answers have more in all")
    ] = None
    usd_per_million_in: Annotated[
        Money | None, Meta(description="price of prompts; not set: as the backend knows it")
    ] = None
    usd_per_million_out: Annotated[Money | None, Meta(description="price of answers")] = None
    batch: Annotated[bool, Meta(description="use the Batch API: half the price, within a day")] = (
        False
    )


class TooLong(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rule `too_long`."""

    prompt_chars: Positive = 24_000
    response_chars: Positive = 24_000


class Refusal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rule `refusal`."""

    extra: Annotated[
        tuple[str, ...],
        Meta(description="more phrases (regular expressions), looked for where an answer begins"),
    ] = ()
    head_chars: Annotated[Positive, Meta(description="how much of an answer is its beginning")] = (
        120
    )


class Language(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rule `language`: off while `keep` is empty."""

    keep: Annotated[tuple[str, ...], Meta(description='as ["en", "de"]')] = ()


class Duplicates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rule `near_duplicate`: prompt and answer both alike."""

    prompt: Annotated[Fraction, Meta(description="Jaccard similarity of the prompts, at least")] = (
        0.8
    )
    response: Annotated[Fraction, Meta(description="and of the answers")] = 0.8


class Contamination(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rule `contamination`."""

    tasks: Annotated[
        tuple[str, ...], Meta(description="files of evaluation tasks that no row may hold")
    ] = ()
    prompt_words: Annotated[Positive, Meta(description="shared words in a row that tell")] = 8
    answer_words: Positive = 13


class LowDiversity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rule `low_diversity`: a whole source whose answers repeat themselves and are short."""

    distinct_below: Annotated[
        Fraction, Meta(description="distinct answers among 100 rows, mean of 20 draws")
    ] = 0.90
    short_above: Annotated[Fraction, Meta(description="share of answers of few words")] = 0.50
    short_words: Annotated[Positive, Meta(description="what few words are, at most")] = 5
    min_rows: Annotated[Positive, Meta(description="a smaller source is not judged")] = 100
    action: Literal["drop", "cap", "keep"] = "drop"
    cap: Annotated[Positive, Meta(description="rows that stay with action cap")] = 300


class Split(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rows held back from training: whole clusters of prompts that are alike."""

    fraction: Fraction = 0.05
    prompt: Annotated[Fraction, Meta(description="prompts at least this alike stay together")] = 0.7


class Clean(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which rows are fit for training."""

    off: Annotated[tuple[str, ...], Meta(description="names of rules that are not applied")] = ()
    drop: Annotated[
        tuple[str, ...], Meta(description="rule files, as the map's lasso writes them")
    ] = ()
    too_long: TooLong = TooLong()
    refusal: Refusal = Refusal()
    language: Language = Language()
    duplicates: Duplicates = Duplicates()
    contamination: Contamination = Contamination()
    low_diversity: LowDiversity = LowDiversity()
    split: Split = Split()
    parquet: Annotated[bool, Meta(description="write train and eval as parquet too")] = False


class Map(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the map of prompts is drawn."""

    model: Annotated[
        str, Meta(description="a local model whose vectors are used; empty: words are")
    ] = ""
    colour: Annotated[str, Meta(description="the column to colour by at first")] = "rule"
    rows: Annotated[Positive, Meta(description="drawn at most; a page of 20,000 has 15 MB")] = (
        20_000
    )


class Train(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the base is tuned."""

    base: Annotated[
        str, Meta(description="a folder, a hub id, a GGUF file, or a model that g4tui has")
    ] = "smollm2-135m-instruct"
    template: Annotated[
        str, Meta(description="a Jinja file, in place of the base's own chat template")
    ] = ""
    seeds: Annotated[tuple[int, ...], Meta(min_length=1, description="one student a seed")] = (1,)
    rank: Annotated[Positive, Meta(description="of the adapter: how much it can learn")] = 16
    alpha: Annotated[float, Meta(gt=0, description="scales the adapter by alpha / rank")] = 32.0
    dropout: Fraction = 0.05
    targets: Annotated[
        tuple[str, ...], Meta(description="modules that get an adapter; all: every projection")
    ] = ("all",)
    dora: Annotated[bool, Meta(description="such an adapter cannot become a LoRA GGUF")] = False
    rslora: Annotated[bool, Meta(description="scale by alpha / sqrt(rank)")] = False
    learning_rate: Annotated[float, Meta(gt=0, description="at its highest")] = 1e-4
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    warmup: Annotated[
        float, Meta(ge=0, description="below 1: a share of the steps; else so many steps")
    ] = 0.03
    optimizer: Literal["adamw"] = "adamw"
    weight_decay: Annotated[float, Meta(ge=0)] = 0.0
    max_grad_norm: Annotated[float, Meta(gt=0)] = 1.0
    epochs: Annotated[float, Meta(gt=0, description="how often each row is seen")] = 1.0
    tokens: Annotated[
        Positive | None,
        Meta(description="in place of epochs: as many as make about so many tokens, masked or not"),
    ] = None
    batch: Annotated[Positive, Meta(description="rows a step, over all devices")] = 16
    max_length: Annotated[Positive, Meta(description="tokens; longer rows are left out")] = 768
    packing: Annotated[bool, Meta(description="several rows in one forward, kept apart")] = True
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    gradient_checkpointing: Annotated[bool, Meta(description="less memory, a third slower")] = False
    short_answer_tokens: Annotated[int, Meta(ge=0, description="what a short answer is")] = 10
    short_answer_weight: Annotated[
        float, Meta(ge=0, description="weight of rows whose answer is that short; 0: left out")
    ] = 1.0
    evaluate_every: Annotated[int, Meta(ge=0, description="steps; 0: at the end of an epoch")] = 0
    patience: Annotated[
        int, Meta(ge=0, description="evaluations without a better one before it ends; 0: never")
    ] = 0
    checkpoint_minutes: Annotated[float, Meta(gt=0, description="between two checkpoints")] = 5.0
    scales: Annotated[
        tuple[float, ...], Meta(description="adapter scales to choose from on the dev rows")
    ] = (1.0,)


class Export(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which files the student becomes."""

    name: Annotated[str, Meta(description="as the chat lists it; empty: the recipe's name")] = ""
    lora: Annotated[bool, Meta(description="the adapter as GGUF, for the untouched base")] = True
    merged: Annotated[
        tuple[Literal["base", "F16", "Q8_0", "Q4_0", "Q4_1", "Q4_K_M"], ...],
        Meta(description="merged files to write; base: the base file's own types"),
    ] = ()
    max_kl: Annotated[float, Meta(ge=0, description="of the f16 file from what was trained")] = 1e-3
    max_perplexity_ratio: Annotated[
        float, Meta(ge=1, description="of a merged 4-bit file to f16; above it is not published")
    ] = 1.02
    force: Annotated[
        bool, Meta(description="publish what does not pass the gate; the card says so")
    ] = False


class Evaluate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the student is judged."""

    tasks: Annotated[str, Meta(description="a file of Self-Instruct tasks")] = ""
    limit: Annotated[int, Meta(ge=0, description="only the first so many; 0: all tasks")] = 0
    models: Annotated[
        tuple[str, ...], Meta(description="others to measure beside base and student")
    ] = ()
    answers: Annotated[
        int, Meta(ge=0, description="prompts held back that each model answers; 0: none")
    ] = 50
    answer_tokens: Annotated[Positive, Meta(description="of an answer, at most")] = 256
    judge: Annotated[str, Meta(description="a model that compares answers; empty: nobody")] = ""
    prompts: Annotated[
        str, Meta(description="a file of prompts to answer; empty: the rows held back")
    ] = ""
    draws: Annotated[Positive, Meta(description="of the bootstrap")] = 10_000


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the cards say beside what was measured."""

    title: str = ""
    authors: tuple[str, ...] = ()
    summary: str = ""
    notes: Annotated[tuple[str, ...], Meta(description="warnings that a reader must see")] = ()
    usd_per_hour: Annotated[Money | None, Meta(description="of the machine that trains")] = None
    watts: Annotated[Money | None, Meta(description="of that machine, for the energy")] = None
    examples: Annotated[int, Meta(ge=0, description="rows shown of each source")] = 2


class Forecast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a dry run takes for granted where it cannot look."""

    rows: Annotated[
        dict[str, int], Meta(description="rows of a source that is not on this machine, by name")
    ] = {}
    stays: Annotated[
        dict[str, Fraction], Meta(description="share of a source's rows that clean keeps, by name")
    ] = {}
    tokens: Annotated[Positive, Meta(description="of a row that nobody has seen, in all")] = 400
    gpus: Annotated[
        int, Meta(ge=0, description="that train; 0: the processors of this machine")
    ] = 0
    tflops: Annotated[
        float, Meta(gt=0, description="that one GPU reaches in training, not on paper")
    ] = 50.0


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole run."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
    seed: Annotated[int, Meta(ge=0, description="of every draw before training")] = 1
    licence: Annotated[
        Literal["any", "permissive"],
        Meta(description="permissive: rows under other licences, or terms, are left out"),
    ] = "any"
    allow_terms: Annotated[
        tuple[Literal["openai"], ...],
        Meta(description="terms that you accept in spite of licence = permissive"),
    ] = ()
    sources: tuple[Source, ...] = ()
    collect: Collect = Collect()
    clean: Clean = Clean()
    map: Map = Map()
    train: Train = Train()
    export: Export = Export()
    evaluate: Evaluate = Evaluate()
    report: Report = Report()
    forecast: Forecast = Forecast()
