"""The map in a real browser, offline: it is read, searched, lassoed; its rule file is obeyed."""

import re
import shutil
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright
from pyarrow import parquet

from g4tui_training.main import run
from g4tui_training.map.rows import spots
from support.pairs import ids, pair, read_rows, varied, write_rows

Command = Callable[..., tuple[int, str, str]]
EXAMPLES = Path(__file__).parents[2] / "examples" / "data"
EVIL = "</script><script>document.title='gone'</script>\x1b[31m <b>bold</b> \u2028 \u202egnp"


class Opened:
    """A page in the browser, and what it tried to reach or complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.errors: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda said: self.errors.append(said.text))

    def open(self, file: Path) -> None:
        self.page.goto(file.as_uri())

    @property
    def counts(self) -> str:
        return self.page.locator("#counts").inner_text()

    def lasso(self, *corners: tuple[float, float]) -> None:
        """Draw through points given as shares of the map."""
        box = self.page.locator("#map").bounding_box()
        assert box is not None
        points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        self.page.locator("#lasso").click()
        self.page.mouse.move(*points[0])
        self.page.mouse.down()
        for point in [*points[1:], points[0]]:
            self.page.mouse.move(*point, steps=4)
        self.page.mouse.up()
        self.page.locator("#lasso").click()


@pytest.fixture
def opened() -> Iterator[Callable[[], Opened]]:
    """Opens pages in Debian's Chromium, without a network."""
    chromium = shutil.which("chromium")
    assert chromium, "these tests need Chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox"], headless=True
        )

        def make() -> Opened:
            context = browser.new_context(offline=True, accept_downloads=True)
            return Opened(context.new_page())

        yield make
        browser.close()


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made: list[dict[str, Any]] = varied(60, source="odd/one", loss=1.5)
    made += [
        {**pair(f"cook-{n}", f"How do I cook {n} eggs in a pan with butter?"), "loss": n / 10}
        for n in range(40)
    ]
    made.append(pair('evil "id"\\\n\x7f', EVIL, EVIL))
    return write_rows(tmp_path_factory.mktemp("rows") / "rows.jsonl", made)


@pytest.fixture(scope="module")
def drawn(rows: Path) -> Path:
    """The map of `rows`."""
    file: Path = rows.with_name("map.html")
    assert run(["map", "--in", str(rows), "--out", str(file)]) == 0
    return file


def test_it_opens_offline_and_is_read(drawn: Path, opened: Callable[[], Opened]) -> None:
    one = opened()
    one.open(drawn)
    assert one.counts == "101 rows"
    assert one.page.title() == "rows"
    options = one.page.locator("#colour option").all_inner_texts()
    assert {"source", "prompt length", "answer length", "loss"} <= set(options)
    assert "odd" in one.page.locator("#legend").inner_text()
    one.page.locator("#colour").select_option("loss")
    assert "3.9" in one.page.locator("#legend").inner_text() or one.page.locator(".ramp").count()
    one.page.locator("#search").fill("document.title")
    assert one.counts == "101 rows, 1 found"
    box = one.page.locator("#map").bounding_box()
    assert box is not None
    place = one.page.evaluate(
        "() => { const i = data.ids.findIndex(id => id.startsWith('evil')); return place(i); }"
    )
    one.page.mouse.move(box["x"] + place[0], box["y"] + place[1])
    shown = one.page.locator("#tip").inner_text()
    assert "</script><script>document.title='gone'</script>␛[31m <b>bold</b>" in shown
    assert "\u202e" not in shown
    assert [url for url in one.asked if not url.startswith("file:")] == []
    assert one.errors == []


def test_a_lasso_becomes_a_rule_that_clean_obeys(
    tmp_path: Path,
    rows: Path,
    drawn: Path,
    train_command: Command,
    opened: Callable[[], Opened],
) -> None:
    one = opened()
    one.open(drawn)
    assert one.page.locator("#drop").is_disabled()
    one.page.locator("#search").fill("eggs")
    one.lasso((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    assert one.counts == "101 rows, 40 found, 40 chosen"
    one.page.locator("#search").fill("bold")
    one.lasso((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    one.page.locator("#reason").fill('about "eggs"')
    with one.page.expect_download() as waiting:
        one.page.locator("#drop").click()
    waiting.value.save_as(tmp_path / "drop.toml")
    rule = tomllib.loads((tmp_path / "drop.toml").read_text("utf-8"))
    assert rule["reason"] == 'about "eggs"'
    assert set(rule["ids"]) == {f"cook-{n}" for n in range(40)} | {'evil "id"\\\n\x7f'}
    (tmp_path / "r.toml").write_text('name = "r"\n[clean]\ndrop = ["drop.toml"]\n')
    code, _, err = train_command("clean", "--in", rows, "--out", "run", "--recipe", "r.toml")
    assert code == 0, err
    dropped = read_rows(tmp_path / "run/clean/ledger.jsonl")
    assert {row["rule"] for row in dropped if row["id"].startswith("cook")} == {"dropped"}
    kept = ids(tmp_path / "run/clean/train.jsonl") | ids(tmp_path / "run/clean/eval.jsonl")
    assert len(kept) == 60


def test_what_is_alike_lies_together(drawn: Path) -> None:
    table = parquet.read_table(drawn.with_suffix(".parquet")).to_pydict()
    places = dict(zip(table["id"], zip(table["x"], table["y"], strict=True), strict=True))
    cook = [place for identity, place in places.items() if identity.startswith("cook")]
    others = [place for identity, place in places.items() if not identity.startswith("cook")]
    middle = [sum(each[axis] for each in cook) / len(cook) for axis in (0, 1)]

    def far(place: tuple[float, float]) -> float:
        return float(sum((place[axis] - middle[axis]) ** 2 for axis in (0, 1)) ** 0.5)

    assert sorted(map(far, cook))[len(cook) // 2] < sorted(map(far, others))[len(others) // 2] / 2


def test_the_map_of_a_run_shows_what_each_rule_dropped(
    tmp_path: Path, train_command: Command, opened: Callable[[], Opened]
) -> None:
    recipe = EXAMPLES.parent / "recipes" / "smoke.toml"
    code, _, err = train_command("run", recipe, "--until", "map", "--out", "run", "--yes")
    assert code == 0, err
    one = opened()
    one.open(tmp_path / "run" / "map.html")
    assert one.page.locator("#colour").input_value() == "rule"
    legend = one.page.locator("#legend").inner_text()
    assert re.search(r"low_diversity\s+150", legend)
    assert "kept" in legend
    code, _, err = train_command("run", recipe, "--until", "map", "--out", "run", "--yes")
    assert "map: nothing changed" in err


@pytest.mark.parametrize(
    "prompts",
    [["the same again"] * 12, [f"word{n}x" for n in range(12)], ["eggs", "eggs"], ["one1", "two2"]],
    ids=["the same", "nothing in common", "two", "two unlike"],
)
def test_prompts_that_tell_nothing_apart_lie_in_the_middle(
    tmp_path: Path,
    train_command: Command,
    recwarn: pytest.WarningsRecorder,
    prompts: list[str],
) -> None:
    write_rows(tmp_path / "a.jsonl", [pair(f"{n}", text) for n, text in enumerate(prompts)])
    code, _, err = train_command("map", "--in", "a.jsonl", "--out", "m.html")
    assert code == 0, err
    table = parquet.read_table(tmp_path / "m.parquet").to_pydict()
    assert {*table["x"], *table["y"]} == {0.5}
    assert [str(warning.message) for warning in recwarn] == []


def test_a_map_that_cannot_be_is_refused_before_the_work(
    tmp_path: Path, train_command: Command, read_only: Callable[[Path], Path]
) -> None:
    write_rows(tmp_path / "a.jsonl", varied(3))
    (tmp_path / "locked").mkdir()
    read_only(tmp_path / "locked")
    model = ("--model", "llama-cpp:./none.gguf")  # it would fail in another way
    for arguments, told in (
        (("--out", "m.parquet", *model), "--out m.html"),
        (("--out", "m.html", "--colour", "sourse", *model), "Did you mean source?"),
        (("--out", "locked/m.html", *model), "Read-only"),
    ):
        code, _, err = train_command("map", "--in", "a.jsonl", *arguments)
        assert code in (1, 2)
        assert told in err
    assert [file.name for file in tmp_path.glob("m.*")] == []


def test_rows_are_drawn_by_their_ids(tmp_path: Path) -> None:
    rows = varied(200)
    one = write_rows(tmp_path / "a.jsonl", [*rows, rows[0]])
    other = write_rows(tmp_path / "b.jsonl", rows[::-1])
    first, total = spots([one], 50)
    assert (len(first), total) == (50, 200)
    assert {spot.id for spot in first} == {spot.id for spot in spots([other], 50)[0]}


@pytest.mark.model
def test_the_local_model_can_place_them(
    tmp_path: Path, home: Path, default_model: Path, train_command: Command
) -> None:
    questions = [f"How do I cook {n} eggs?" for n in range(8)]
    questions += [f"Write a Python function that adds {n} to a list." for n in range(8)]
    write_rows(tmp_path / "a.jsonl", [pair(f"{n}", text) for n, text in enumerate(questions)])
    model = f"llama-cpp:{default_model}"
    code, _, err = train_command("map", "--in", "a.jsonl", "--out", "m.html", "--model", model)
    assert code == 0, err
    table = parquet.read_table(tmp_path / "m.parquet").to_pydict()
    xy = list(zip(table["x"], table["y"], strict=True))
    halves = (xy[:8], xy[8:])
    middles = [[sum(place[axis] for place in half) / 8 for axis in (0, 1)] for half in halves]

    def nearer(place: tuple[float, float]) -> int:
        far = [sum((place[axis] - middle[axis]) ** 2 for axis in (0, 1)) for middle in middles]
        return far.index(min(far))

    assert sum(nearer(place) == (at >= 8) for at, place in enumerate(xy)) >= 15
