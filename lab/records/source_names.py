"""Places of source, in words that fit a table."""

import linecache
import os
import re
import site
import sysconfig

from lab.records.harmless import harmless
from lab.records.lines import Line
from lab.records.thread_dump import Frame

# Whose files are named from there on, the longest first.
_FOLDERS = sorted(
    {
        *site.getsitepackages(),
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
    },
    key=len,
    reverse=True,
)
# Where other Pythons have theirs.
_ELSEWHERE = re.compile(
    r"/.*/lib(?:64)?/python3(?:\.\d+t?/(?:(?:site|dist)-packages/)?|/dist-packages/)"
)


def short(file: str) -> str:
    """The file as seen from the present folder, or from where Python finds modules."""
    for folder in (*_here(), *_FOLDERS):
        if file.startswith(folder.rstrip(os.sep) + os.sep):
            return os.path.relpath(file, folder)
    elsewhere = _ELSEWHERE.match(file)
    return file[elsewhere.end() :] if elsewhere else file


def _here() -> list[str]:
    """The present folder; none once that is gone."""
    try:
        return [os.getcwd()]
    except OSError:
        return []


def is_library(file: str) -> bool:
    """Whether it came with Python or was installed, not with the program."""
    here = ("<frozen ", *(f"{it}{os.sep}" for it in _FOLDERS))
    return file.startswith(here) or _ELSEWHERE.match(file) is not None


def module(file: str) -> str:
    """The module's name, as far as the path tells it, such as json.decoder."""
    name = short(file).removesuffix(".py").removesuffix(f"{os.sep}__init__")
    return name.lstrip(os.sep).replace(os.sep, ".")


def place(line: Line | Frame) -> str:
    """File and line, such as src/report.py:31; the line is left out where none is
    told, and both where `line.function` says why."""
    return f"{short(line.file)}:{line.line}" if line.line else short(line.file)


def source(line: Line) -> str:
    """What stands there now; empty where the file is not to be had."""
    return harmless(linecache.getline(line.file, line.line).expandtabs().strip())
