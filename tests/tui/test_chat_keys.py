"""Keys of the chat as a person has mapped them."""

from support.chat_app import driven_chat
from support.rooms import Rooms


async def test_a_key_of_the_prompts_editor_can_be_given_to_the_chat(rooms: Rooms) -> None:
    async with driven_chat(rooms) as ui:
        ui.app.set_keymap({"chat.new": "ctrl+k", "chat.model": "ctrl+a"})
        await ui.ask("How?")
        await ui.answered(2)
        await ui.press("ctrl+k")
        await ui.sees("Ask something")
        await ui.press("ctrl+a")
        await ui.sees("Choose a model")
