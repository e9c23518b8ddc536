"""Files that appear whole or not at all."""

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import IO

from lab.errors import UsageError


def write_whole(path: str | os.PathLike[str], text: str) -> None:
    """Write text to path so that no reader ever sees a part of it.

    A link is followed: the file it leads to is replaced. What is no regular file (a
    device, FIFO, terminal), and a file that is our standard output or error, as
    /dev/stdout can be, is written to as a shell would. OSError, which names path, if
    it cannot be written; a file that was there before stays then.
    """
    data = text.encode()
    try:
        before = _status(path)
        stream = _stream(before)
        if stream is None and (before is None or stat.S_ISREG(before.st_mode)):
            _replace(os.path.realpath(path), data, before)
        else:
            place = path if stream is None else stream
            with open(place, "wb", closefd=stream is None) as file:
                file.write(data)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def check_output(path: Path, *sources: Path) -> None:
    """UsageError where path surely cannot be written, or is one of the sources.

    Nothing is opened: to open a FIFO waits for its reader.
    """
    target = Path(os.path.realpath(path))
    try:
        before = _status(path)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}: name another file") from error
    if before is not None and stat.S_ISDIR(before.st_mode):
        raise UsageError(f"{path}: a folder: name a file in it")
    for source in sources:
        with suppress(OSError):
            if before is not None and os.path.samestat(before, source.stat()):
                raise UsageError(f"{path}: is read, and not to be lost: name another")
    needed = [path] if before is not None else []
    if _stream(before) is None and (before is None or stat.S_ISREG(before.st_mode)):
        if not target.parent.is_dir():
            raise UsageError(f"{path}: no such folder: create {target.parent}")
        needed.append(target.parent)
    if not all(os.access(place, os.W_OK) for place in needed):
        raise UsageError(f"{path}: not writable: name another file")


def _status(path: str | os.PathLike[str]) -> os.stat_result | None:
    """Of what path or its link leads to; None if there is nothing yet."""
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _stream(status: os.stat_result | None) -> int | None:
    """The descriptor of our own output that this is, if it is."""
    for descriptor in (1, 2):
        with suppress(OSError):  # closed
            if status is not None and os.path.samestat(os.fstat(descriptor), status):
                return descriptor
    return None


def _replace(target: str, data: bytes, before: os.stat_result | None) -> None:
    if before is not None and not os.access(target, os.W_OK):
        raise PermissionError(13, "Permission denied")
    name = os.path.join(os.path.dirname(target), f".gil-lab-{os.urandom(8).hex()}")
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if before is not None:  # who may read it stays as it was
                os.fchmod(descriptor, stat.S_IMODE(before.st_mode))
            os.fsync(descriptor)
        os.replace(name, target)
    except BaseException:
        with suppress(FileNotFoundError):  # interrupted once it was in its place
            os.unlink(name)
        raise


def discard(stream: IO[str]) -> None:
    """What it still holds, and what is written to it, is lost: else Python tries again
    at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
