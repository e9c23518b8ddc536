"""What `probe` prints, and how it ends."""

import json
import re
from collections.abc import Callable

import pytest

from lab.instruments.watchdog import TEXT
from lab.records.machine import gil_enabled
from lab.records.probe import Probe
from tests.command_line import Told, run


def test_probe_prints_a_verdict() -> None:
    done = run("-m", "lab", "probe", "time.sleep(0.01)", "--setup", "import time")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(("released", "no-gil", "inconclusive"))
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_probe_prints_json(command: Callable[..., Told]) -> None:
    done = command("probe", "sorted(x)", "--setup", "x = [1] * 9", "--json")
    plain = json.loads(done.stdout)
    assert list(plain) == list(Probe.__dataclass_fields__)
    assert plain["verdict"] in ("held", "inconclusive") or not gil_enabled()


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        ("int('x')", 1, "ValueError: invalid literal for int() with base 10: 'x'"),
        ("sys.exit(3)", 1, "SystemExit: 3"),
        ("mine()", 1, r"__gil_lab__.Mine: two\nlines\x1b[2J"),
        ("signal.raise_signal(2)", 130, "gil-lab: interrupted"),
    ],
)
def test_probe_ends_with_what_the_call_raises(
    call: str, code: int, said: str, command: Callable[..., Told]
) -> None:
    setup = (
        "class Mine(BaseException): pass\ndef mine(): raise Mine('two\\nlines\\x1b[2J')"
    )
    done = command("probe", call, "--setup", setup)
    assert (done.returncode, done.stdout, done.stderr) == (code, "", f"{said}\n")


@pytest.mark.parametrize("call", ["fork()", "fork() or sys.exit(3)"])
def test_a_child_that_a_call_forks_goes_no_further(call: str) -> None:
    """Else each would tell what it found; the first calls alone fork, lest the
    machine be full of them."""
    setup = (
        "import os, warnings; warnings.simplefilter('ignore'); calls = []\n"
        "def fork(): calls.append(0); return os.fork() if len(calls) < 4 else 1"
    )
    done = run("-m", "lab", "probe", call, "--setup", setup)
    assert done.returncode == 0, done.stderr
    assert done.stderr in ("", TEXT)  # on a busy machine
    assert len(re.findall("one call|no-gil", done.stdout)) == 1
