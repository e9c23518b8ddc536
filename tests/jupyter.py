"""Notebooks run by a kernel of this interpreter, in a home that goes away."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psutil

# In a process of its own: clients of kernels keep threads, loops and sockets.
RUN = """
import sys
import nbclient, nbformat
notebook = nbformat.read(sys.stdin, as_version=4)
client = nbclient.NotebookClient(
    notebook, timeout=120, kernel_name="python3", allow_errors=True
)
client.execute()
nbformat.write(notebook, sys.stdout)
"""
NUMBER = "import os; os.getpid()"


@dataclass(frozen=True)
class Ran:
    """What a code cell did. html, plain: of its rich outputs, in order."""

    source: str
    stdout: str
    stderr: str
    plain: list[str]
    html: list[str]
    errors: list[tuple[str, str]]
    """The name of the exception, and its traceback."""


class Html(HTMLParser):
    """The tags, and what is in them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def images(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == "img"]


def cells(*sources: str) -> dict[str, Any]:
    """A notebook of these code cells."""
    return {
        "cells": [_cell(number, source) for number, source in enumerate(sources)],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def run(notebook: dict[str, Any], home: Path, **environment: str) -> list[Ran]:
    """Its code cells, from start to end; the kernel is gone afterwards."""
    spec = home / "data" / "kernels" / "python3"
    spec.mkdir(parents=True)
    command = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    kernel = {"argv": command, "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(kernel))
    places = {
        "JUPYTER_DATA_DIR": spec.parent.parent,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "IPYTHONDIR": home / "ipython",
        "CYTHON_CACHE_DIR": home / "cython",
        "XDG_CACHE_HOME": home / "cache",
        "HOME": home,
        "CFLAGS": "-O0",  # of cells that are compiled: how fast they are is no matter
    }
    notebook = {**notebook, "cells": [*notebook["cells"], _cell(-1, NUMBER)]}
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env={**os.environ, **{name: str(place) for name, place in places.items()}}
        | environment,
        cwd=home,
        input=json.dumps(notebook),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ran = [
        _ran(cell)
        for cell in json.loads(done.stdout)["cells"]
        if cell["cell_type"] == "code"
    ]
    number = int(ran.pop().plain[0])
    assert not psutil.pid_exists(number), "the kernel is still there"
    return ran


def _cell(number: int, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": f"cell-{number}",
        "execution_count": None,
        "metadata": {},
        "outputs": [],
        "source": source,
    }


def _ran(cell: dict[str, Any]) -> Ran:
    streams = {"stdout": "", "stderr": ""}
    ran = Ran("".join(cell["source"]), "", "", [], [], [])
    for output in cell["outputs"]:
        if output["output_type"] == "stream":
            streams[output["name"]] += "".join(output["text"])
        elif output["output_type"] == "error":
            ran.errors.append((output["ename"], "\n".join(output["traceback"])))
        else:
            ran.plain.append("".join(output["data"]["text/plain"]))
            ran.html.append("".join(output["data"].get("text/html", "")))
    return Ran(ran.source, **streams, plain=ran.plain, html=ran.html, errors=ran.errors)
