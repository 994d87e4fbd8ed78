"""The parameters screen, against real settings files."""

from pathlib import Path

from textual.events import Key
from textual.widgets import Input, TextArea

from g4tui.config import load_settings
from g4tui.core import Params
from g4tui.tui.screens.parameters import ParametersScreen
from g4tui.tui.services import SessionOptions
from support.model_files import spm_llama
from support.rooms import Rooms, until
from support.screen_host import ScreenHost, services_of, settled, shown, told


def host(rooms: Rooms, options: SessionOptions = SessionOptions()) -> ScreenHost:
    return ScreenHost(services_of(rooms), lambda: ParametersScreen(options, "scripted:parrot"))


async def test_what_is_entered_is_what_the_chat_gets(rooms: Rooms) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Be brief.")
        for name, value in {
            "temperature": "0.25",
            "max_tokens": "100",
            "top_p": "0,9",
            "top_k": "40",
            "min_p": "0.05",
            "repeat_penalty": "1.1",
            "seed": "7",
            "context": "4096",
        }.items():
            app.screen.query_one(f"#{name}", Input).value = value
        await pilot.press("ctrl+s")
        expected = Params(
            temperature=0.25,
            max_tokens=100,
            top_p=0.9,
            top_k=40,
            min_p=0.05,
            repeat_penalty=1.1,
            seed=7,
        )
        assert app.results == [SessionOptions("Be brief.", expected, 4096)]


async def test_blank_is_the_default_and_nothing_changed_is_no_result(rooms: Rooms) -> None:
    app = host(rooms, SessionOptions("Old.", Params(temperature=0.5), None))
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.screen.query_one("#temperature", Input).value == "0.5"
        await pilot.press("ctrl+s")
        assert app.results == [None]

    app = host(rooms, SessionOptions("Old.", Params(temperature=0.5), None))
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.query_one("#temperature", Input).value = " "
        await pilot.press("ctrl+s")
        assert app.results == [SessionOptions("Old.", Params(), None)]


async def test_stop_strings_that_the_screen_does_not_show_are_kept(rooms: Rooms) -> None:
    app = host(rooms, SessionOptions("", Params(stop=("END",), seed=1)))
    async with app.run_test(size=(80, 24)) as pilot:
        app.screen.query_one("#seed", Input).value = "2"
        await pilot.press("ctrl+s")
        assert app.results == [SessionOptions("", Params(stop=("END",), seed=2))]


async def test_wrong_values_are_named_where_they_stand(rooms: Rooms) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        for name, value in {"temperature": "9", "top_k": "1.5", "min_p": "nan"}.items():
            app.screen.query_one(f"#{name}", Input).value = value
        await pilot.press("ctrl+s")
        text = shown(app)
        assert "Must be a number, 0 to 5" in text
        assert "Must be a whole number, from 0" in text
        assert "Must be a number, 0 to 1" in text
        assert app.results == []
        assert app.screen.query_one("#temperature", Input).has_focus
        await pilot.press("backspace", "1")
        assert "0 to 5" not in shown(app).replace("(0 to 5)", "")


async def test_keeping_as_default_writes_the_settings_and_serves_at_once(rooms: Rooms) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press(*"Be kind.")
        app.screen.query_one("#temperature", Input).value = "0.3"
        await pilot.press("f3")
        await until(lambda: app.results)
        assert app.results == [SessionOptions("Be kind.", Params(temperature=0.3), None)]
        saved = load_settings(rooms.paths).settings
        assert (saved.chat.system, saved.chat.params) == ("Be kind.", Params(temperature=0.3))
        assert app.services is not None and app.services.settings == saved
        assert rooms.chat.defaults == Params(temperature=0.3)


async def test_a_default_shows_in_the_blank_field(rooms: Rooms) -> None:
    rooms.paths.config.mkdir(parents=True)
    rooms.paths.config_file.write_text("[chat.params]\ntemperature = 0.15\n")
    rooms.settings = load_settings(rooms.paths).settings
    app = host(rooms)
    async with app.run_test(size=(80, 24)):
        assert "0.15 (0 to 5)" in shown(app)


async def test_a_hand_written_setting_that_goes_before_is_told(rooms: Rooms) -> None:
    rooms.paths.config.mkdir(parents=True)
    rooms.paths.config_file.write_text("[chat.params]\ntemperature = 0.15\n")
    app = host(rooms)
    async with app.run_test(size=(120, 40)) as pilot:
        app.screen.query_one("#temperature", Input).value = "1"
        await pilot.press("f3")
        await until(lambda: "chat.params.temperature, which goes before" in told(app))


async def test_a_hostile_system_prompt_is_shown_clean_and_kept_raw(rooms: Rooms) -> None:
    app = host(rooms, SessionOptions("a\x1b[2J\u202eb", Params()))
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.screen.query_one("#system", TextArea).text == "a␛[2J�b"
        app.screen.query_one("#seed", Input).value = "3"
        await pilot.press("ctrl+s")
        assert app.results == [SessionOptions("a\x1b[2J\u202eb", Params(seed=3))]


async def test_the_models_limit_is_told(rooms: Rooms) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "scripted:parrot takes up to 2048 tokens")


async def test_the_limit_of_a_file_is_what_it_was_trained_for(rooms: Rooms, tmp_path: Path) -> None:
    """Not what it is loaded with where nothing is said."""
    file = tmp_path / "small.gguf"
    file.write_bytes(spm_llama(context=8192))
    rooms.library.register(file, "small")
    model = "llama-cpp:small"
    listed = next(each for each in await rooms.runtime.list_models() if each.id == model)
    assert listed.context == 4096
    app = ScreenHost(services_of(rooms), lambda: ParametersScreen(SessionOptions(), model))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "llama-cpp:small takes up to 8192 tokens")


async def test_tab_reaches_every_field_and_escape_leaves(rooms: Rooms) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        seen = []
        for _ in range(9):
            seen.append(app.screen.focused.id if app.screen.focused else None)
            await pilot.press("tab")
        assert seen[0] == "system" and len(set(seen)) == 9
        await pilot.press("escape")
        assert app.results == [None]


async def test_keys_that_come_at_once_reach_the_fields_they_are_meant_for(rooms: Rooms) -> None:
    app = host(rooms)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, "System prompt")
        for key, character in [("tab", "\t"), ("1", "1"), ("tab", "\t"), ("7", "7")]:
            app.post_message(Key(key, character))
        await until(lambda: app.screen.query_one("#max_tokens", Input).value == "7")
        assert app.screen.query_one("#temperature", Input).value == "1"
