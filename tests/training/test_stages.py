"""How stages are skipped, made anew and protected."""

from pathlib import Path

import pytest

from g4tui.core import G4tuiError
from g4tui_training.recipe import Recipe
from g4tui_training.run import RunDir
from g4tui_training.stages import Context, Stage, run_stage
from g4tui_training.writing import finish_set, whole_file, whole_set, write_whole


class Doubler:
    """A stage that writes its input twice, and counts how often it worked."""

    def __init__(self, source: Path) -> None:
        self.worked = 0
        self.settings: object = {"times": 2}
        self.fail = False
        self.stage = Stage(
            name="double",
            inputs=lambda context: [source],
            outputs=lambda context: [context.run.root / "out"],
            settings=lambda context: self.settings,
            work=self._work,
        )
        self._source = source

    def _work(self, context: Context) -> dict[str, object]:
        self.worked += 1
        if self.fail:
            raise KeyboardInterrupt
        write_whole(context.run.root / "out", self._source.read_bytes() * 2)
        return {"bytes": 2}


@pytest.fixture
def doubler(tmp_path: Path) -> Doubler:
    (tmp_path / "in").write_text("ab")
    return Doubler(tmp_path / "in")


@pytest.fixture
def run(tmp_path: Path) -> Context:
    return Context(Recipe(name="r"), tmp_path, RunDir(tmp_path / "run"))


def test_a_stage_is_skipped_until_something_changes(
    tmp_path: Path, doubler: Doubler, run: Context
) -> None:
    assert run_stage(doubler.stage, run) == "done"
    assert run_stage(doubler.stage, run) == "skipped"
    (tmp_path / "in").write_text("cd")
    assert run_stage(doubler.stage, run) == "done"
    assert (run.run.root / "out").read_text() == "cdcd"
    doubler.settings = {"times": 3}
    assert run_stage(doubler.stage, run) == "done"
    (run.run.root / "out").unlink()
    assert run_stage(doubler.stage, run) == "done"
    assert run_stage(doubler.stage, run, again=True) == "done"
    assert doubler.worked == 5


def test_the_record_tells_what_was_made_from_what(doubler: Doubler, run: Context) -> None:
    run_stage(doubler.stage, run)
    record = run.run.manifest().stages["double"]
    assert record.counts == {"bytes": 2}
    assert [(mark.path, mark.size) for mark in record.outputs] == [("out", 4)]
    assert Path(record.inputs[0].path).is_absolute()
    assert len(record.inputs[0].sha256) == 64


def test_work_of_hands_is_not_written_over(doubler: Doubler, run: Context) -> None:
    run_stage(doubler.stage, run)
    (run.run.root / "out").write_text("mine")
    for settings in ({"times": 2}, {"times": 4}):
        doubler.settings = settings
        with pytest.raises(G4tuiError) as raised:
            run_stage(doubler.stage, run)
        assert "--again" in raised.value.info.remedy
    assert (run.run.root / "out").read_text() == "mine"
    assert run_stage(doubler.stage, run, again=True) == "done"


def test_a_stage_that_was_stopped_runs_again(doubler: Doubler, run: Context) -> None:
    run_stage(doubler.stage, run)
    doubler.settings, doubler.fail = {"times": 9}, True
    with pytest.raises(KeyboardInterrupt):
        run_stage(doubler.stage, run)
    (run.run.root / "out").write_text("half of a new result")
    doubler.fail = False
    assert run_stage(doubler.stage, run) == "done"


def test_one_process_at_a_time(run: Context) -> None:
    with run.run.locked():
        with pytest.raises(G4tuiError) as raised, run.run.locked():
            pass
        assert "in use" in raised.value.info.detail
    with run.run.locked():
        pass


def test_a_damaged_manifest_is_told(doubler: Doubler, run: Context) -> None:
    run_stage(doubler.stage, run)
    run.run.manifest_file.write_text('{"stages": ')
    with pytest.raises(G4tuiError) as raised:
        run_stage(doubler.stage, run)
    assert str(run.run.manifest_file) in raised.value.info.detail


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "file"
    with pytest.raises(ValueError, match="no"), whole_file(file) as stream:
        stream.write(b"half")
        raise ValueError("no")
    assert list(file.parent.iterdir()) == []
    write_whole(file, b"whole")
    with pytest.raises(ValueError, match="no"), whole_file(file) as stream:
        stream.write(b"half")
        raise ValueError("no")
    assert file.read_bytes() == b"whole"
    assert [each.name for each in file.parent.iterdir()] == ["file"]


def test_a_set_of_files_is_replaced_whole(tmp_path: Path) -> None:
    names = ("a", "b")
    with whole_set(tmp_path, names) as drafts:
        for name, draft in drafts.items():
            draft.write_text(f"{name}1")
    with pytest.raises(ValueError, match="no"), whole_set(tmp_path, names) as drafts:
        drafts["a"].write_text("a2")
        raise ValueError("no")
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"a": "a1", "b": "b1"}


def test_a_set_that_was_decided_on_is_completed_after_a_kill(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("old")
    # What a process leaves that was killed after the decision, between the two renames.
    (tmp_path / ".commit").write_text("a\nb")
    (tmp_path / "a").write_text("new")
    (tmp_path / ".b.new").write_text("new")
    finish_set(tmp_path)
    assert {each.name: each.read_text() for each in tmp_path.iterdir()} == {"a": "new", "b": "new"}


def test_a_read_only_folder_is_one_clear_error(
    tmp_path: Path, doubler: Doubler, run: Context, read_only
) -> None:  # type: ignore[no-untyped-def]
    run.run.root.mkdir()
    read_only(run.run.root)
    for use in (lambda: run.run.locked().__enter__(), lambda: run_stage(doubler.stage, run)):
        with pytest.raises(G4tuiError) as raised:
            use()
        assert raised.value.info.kind == "storage"
        assert "Read-only" in raised.value.info.detail
