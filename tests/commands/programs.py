"""Programs, alone and under the scope."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lab.instruments.scope import unavailable

needs_gil = pytest.mark.skipif(unavailable() is not None, reason=str(unavailable()))
# In what Python prints of objects.
ADDRESS = re.compile("0x[0-9a-f]+")


def scoped(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return started(folder, "-m", "lab", "scope", *arguments)


def started(folder: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    return ended(start(folder, *argv))


def start(folder: Path, *argv: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, *argv],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(child: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    with child:
        try:
            out, err = child.communicate(timeout=120)
        except subprocess.TimeoutExpired:
            child.kill()
            raise
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def write(folder: Path, name: str, code: str) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(code))


def same(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run the program alone and under the scope: all it does is the same."""
    both = start(folder, *arguments), start(folder, "-m", "lab", "scope", *arguments)
    alone, under = map(ended, both)
    assert under.stdout == alone.stdout
    assert under.returncode == alone.returncode
    # Its own words first, traceback included, then the summary.
    own, headline, summary = under.stderr.partition("GIL free")
    assert ADDRESS.sub("", own) == ADDRESS.sub("", alone.stderr)
    assert headline
    assert "MainThread" in summary
    # A line of traceback.py may be among those that held the GIL: it is indented.
    assert "\nTraceback (most" not in summary
    return under
