"""Files that are damaged, or of others: refused in a line that names them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

# What is no file of ours, whichever is read.
UNREADABLE = (b"", b"{", b"[1", b"[]", b"3", b"\xff\xfe\x80", b"[" * 200_000)


def refused(
    load: Callable[[Path], object], file: Path, content: object
) -> "pytest.ExceptionInfo[ValueError]":
    """How a file is refused in which this stands: bytes, or values to be JSON."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    file.write_bytes(raw)
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        load(file)
    assert str(file) in str(caught.value)
    return caught
