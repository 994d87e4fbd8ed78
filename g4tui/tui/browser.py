"""Opening a web page where that makes sense."""

import os
import sys
import webbrowser
from collections.abc import Mapping


def has_browser(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> bool:
    """Whether a browser with a window can be opened: not over ssh, not on a bare console."""
    if any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")):
        return False
    if platform in ("darwin", "win32"):
        return True
    return any(environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "WSL_DISTRO_NAME"))


def open_in_browser(url: str) -> bool:
    """Whether a browser took it; blocks for a moment."""
    try:
        return webbrowser.open(url)
    except (webbrowser.Error, OSError):
        return False
