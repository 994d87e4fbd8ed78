"""A terminal that went away: writing to it holds up nobody."""

import contextlib
import os
import pty

from textual.drivers._writer_thread import MAX_QUEUED_WRITES, WriterThread

from g4tui.tui.driver import LastingFile


def test_writing_goes_on_where_nobody_reads_any_more() -> None:
    master, slave = pty.openpty()
    terminal = os.fdopen(slave, "w", encoding="utf-8")
    file = LastingFile(terminal)
    writer = WriterThread(file)  # type: ignore[arg-type]
    writer.start()
    writer.write("seen\n")
    assert os.read(master, 100) == b"seen\r\n"
    os.close(master)
    for _ in range(3 * MAX_QUEUED_WRITES):
        writer.write("unseen\n")
    writer.stop()
    assert file.gone
    with contextlib.suppress(OSError):  # what it could not write
        terminal.close()
