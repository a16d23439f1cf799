"""The disk: whether there is room, what a full one looks like, and names that outlast a power cut."""

import errno
import os
import tempfile
from pathlib import Path
from typing import Final

#: So much must be free for a write to be taken on: more than any one act needs (a picture, its rows, their leaves).
ROOM: Final = 1 << 20
#: Full, above its quota, mounted to be read only: nothing is wrong with what was asked, it can be asked again.
_TAKES_NOTHING: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


def takes_nothing(error: OSError) -> bool:
    """Whether an error says that the disk takes no writes now."""
    return error.errno in _TAKES_NOTHING


def has_room(folder: Path) -> bool:
    """Whether a file of `ROOM` bytes could be written there now. The space is really taken, and given back at once.

    What is free by the count of the file system may be behind a quota, or on a disk that is read only meanwhile.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            os.posix_fallocate(probe.fileno(), 0, ROOM)
    except OSError:
        return False
    return True


def keep_names(folder: Path) -> None:
    """Waits until the names in a folder are on the disk: a file that was synced is lost if its name is not."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
