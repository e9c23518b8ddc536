"""Places of source, in words that fit a table."""

import linecache
import os
import site
import sysconfig

from lab.records.codec import harmless
from lab.records.lines import Line

# Whose files are named from there on, the longest first.
_FOLDERS = sorted(
    {
        *site.getsitepackages(),
        *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")),
    },
    key=len,
    reverse=True,
)


def short(file: str) -> str:
    """The file as seen from the present folder, or from where Python finds modules."""
    for folder in (os.getcwd(), *_FOLDERS):
        if file.startswith(folder.rstrip(os.sep) + os.sep):
            return os.path.relpath(file, folder)
    return file


def is_library(file: str) -> bool:
    """Whether it came with Python or was installed, not with the program."""
    return file.startswith(("<frozen ", *(f"{it}{os.sep}" for it in _FOLDERS)))


def module(file: str) -> str:
    """The module's name, as far as the path tells it, such as json.decoder."""
    name = short(file).removesuffix(".py").removesuffix(f"{os.sep}__init__")
    return name.lstrip(os.sep).replace(os.sep, ".")


def place(line: Line) -> str:
    """File and line, such as src/report.py:31; the line is left out where none is
    told, and both where `line.function` says why."""
    return f"{short(line.file)}:{line.line}" if line.line else short(line.file)


def source(line: Line) -> str:
    """What stands there now; empty where the file is not to be had."""
    return harmless(linecache.getline(line.file, line.line).expandtabs().strip())
