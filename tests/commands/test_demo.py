"""The tour in a real terminal, and in a pipe."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise

import psutil
import pytest

from lab.demo.acts import acts
from lab.records.machine import gil_enabled
from lab.records.trace import STATE_NAMES
from tests.command_line import Told
from tests.terminal import ROOT, Terminal

ANSWERED = ("MEASURED: ", "cannot be played here")


def _code(
    number: int | None = None, seeds: str | None = None, pause: bool = True
) -> str:
    """The command, with plays as short as can be told apart."""
    options = [] if pause else ["--no-pause"]
    options += [] if number is None else [f"--act={number}"]
    options += [] if seeds is None else [f"--seed-answers={seeds}"]
    short = f"sizes=Sizes(0.4, 0.3), pace=Pace({pause}, 0, 0)"
    return (
        "import functools, sys, lab.cli, lab.commands.demo as command\n"
        "from lab.demo.acts import Sizes\n"
        "from lab.demo.tour import Pace\n"
        f"command.run = functools.partial(command.run, {short})\n"
        f"sys.exit(lab.cli.main(['demo', *{options}]))\n"
    )


def _answered(text: str) -> bool:
    return any(word in text for word in ANSWERED) and "[Enter]" in text


def _fits(screen: str, title: str) -> None:
    """Nothing scrolled off above, and the prompt is below everything else."""
    lines = screen.split("\n")
    assert lines[0].startswith(title), screen
    assert len(lines) == 24
    assert max(map(len, lines)) <= 80


def _percentages(screen: str) -> list[int]:
    """Of the rows of the second scene."""
    return [int(each) for each in re.findall(r"(\d+)%$", screen, re.MULTILINE)][1:]


@pytest.mark.slow
def test_the_whole_tour() -> None:
    with Terminal(_code()) as terminal:
        for act in acts():
            start = f"Act {act.number}"
            _fits(terminal.until("Your prediction"), f"{start} of 5: {act.title}")
            for number, option in enumerate(act.options, 1):
                assert f"{number}   {option}" in terminal.text
            assert not terminal.cursor_hidden
            if act.number == 1:
                terminal.type("maybe\n")
                _fits(terminal.until("Please one of 1, 2, 3"), start)
            terminal.type("2\n")
            titles = [scene.title for scene in act.scenes]
            frames = list(terminal.frames("Now measured"))
            assert any(titles[1] in frame for frame in frames)
            assert terminal.cursor_hidden
            both = [_percentages(frame) for frame in [*frames, terminal.text]]
            working = [all(0 < each < 100 for each in two) for two in both if two]
            if act.number == 2 and gil_enabled():
                # One stands still while the other runs. Both rows are not read in one
                # moment: in between, the one may have come to its end.
                assert not any(map(all, pairwise(working)))
                assert any(set(two) == {0} or 100 in two for two in both)
                assert any("▁▁▁" in frame for frame in frames)
            elif act.number in (1, 3):
                assert any(working)
            _fits(terminal.text, start)
            assert "done" in terminal.text
            assert all(title in terminal.text for title in titles)

            _fits(terminal.until(_answered), f"{start}: {act.title}")
            if "MEASURED: " in terminal.text:
                assert "speedup" in terminal.text
                states = any(state in terminal.text for state in STATE_NAMES.values())
                assert states or "No strip" in terminal.text
                terminal.type("\n")
                _fits(terminal.until("lines that did it"), start)
                terminal.until("[Enter]")
                file, line = act.cuts()[0].file, act.cuts()[0].lines[0][0]
                assert f"{file}:{line}" in terminal.text
                for function, _ in act.descent:
                    assert function in terminal.text
            terminal.type("\n")
        assert terminal.end() == 0
        assert not terminal.cursor_hidden
        assert terminal.modes_now() == terminal.modes
        # What stays is on the terminal's own screen.
        after = terminal.raw.rpartition(b"\x1b[?1049l")[2].decode()
    assert "What was measured" in after
    assert "came true" in after or "open, it" in after


@pytest.mark.slow
def test_a_new_size_while_it_plays() -> None:
    with Terminal(_code(1, "1")) as terminal:
        terminal.until("[Enter]")
        terminal.resize(20, 60)  # while it waits
        # The emulator drops the upper rows: they are there again.
        terminal.until(lambda text: text.startswith("Act 1 of 5") and "[Enter]" in text)
        terminal.type("\n")
        terminal.until("one thread, both calls")
        terminal.resize(16, 50)  # while it plays
        terminal.until(lambda text: "two threads" in text and "0%" in text)
        terminal.resize(30, 120)
        frames = list(terminal.frames("Now measured"))
        last = terminal.text.splitlines()
        assert frames
        assert last[0] == "Act 1: Two Python threads"
        assert len([line for line in last if line.endswith("100%")]) == 3
        assert len({line.index("100%") for line in last if "100%" in line}) == 1
        terminal.until(_answered)
        terminal.type("\n")
        terminal.until("lines that did it")
        terminal.type("\n")
        assert terminal.end() == 0


def _family(terminal: Terminal) -> list[psutil.Process]:
    return psutil.Process(terminal.child.pid).children(recursive=True)


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_ended_while_a_thread_holds_the_gil(ending: signal.Signals) -> None:
    # Calls so long that nobody would wait for them.
    code = _code(2, "1").replace("Sizes(0.4", "Sizes(40")
    with Terminal(code, NO_COLOR="1") as terminal:
        terminal.until("[Enter]")
        terminal.type("\n")
        terminal.until("one thread, both calls")
        family = _family(terminal)
        assert family
        if ending is signal.SIGINT:
            terminal.type("\x03")
        else:
            terminal.child.send_signal(ending)
        assert terminal.end() == 128 + ending
        _, alive = psutil.wait_procs(family, timeout=60)
        assert not alive
        assert not terminal.cursor_hidden
        assert b"\x1b[?1049l" in terminal.raw
        assert terminal.modes_now() == terminal.modes
        assert b"Traceback" not in terminal.raw
        assert terminal.raw.count(b"gil-lab: ") == 1
        assert not re.search(rb"\x1b\[[0-9;]*\b3[0-7]m", terminal.raw)  # NO_COLOR


def test_interrupted_at_a_question() -> None:
    with Terminal(_code(4)) as terminal:
        terminal.until("Your prediction")
        terminal.type("\x03")
        assert terminal.end() == 130
        assert not terminal.cursor_hidden
        assert b"Traceback" not in terminal.raw


@pytest.mark.slow
def test_typed_unasked_is_forgotten() -> None:
    with Terminal(_code(3, pause=True)) as terminal:
        terminal.until("Your prediction")
        terminal.type("2\n")
        terminal.until("one thread, both calls")
        terminal.type("xyz\n\n\n")
        terminal.until("Now measured")
        assert "xyz" not in terminal.text
        terminal.until(_answered)
        assert _answered(terminal.watch(0.5))  # it still waits
        terminal.type("\x04")  # the end of the input: it goes on by itself
        assert terminal.end() == 0


@pytest.mark.slow
def test_by_itself_on_a_terminal() -> None:
    with Terminal(_code(3, pause=False)) as terminal:
        assert terminal.end() == 0
        assert b"[Enter]" not in terminal.raw
        assert b"prediction" not in terminal.raw


def _piped(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "FORCE_COLOR": "1"},  # not even then
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


@pytest.mark.slow
def test_piped() -> None:
    done = _piped(_code(3, "2"))
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.isascii()
    assert all(line.isprintable() for line in done.stdout.splitlines())
    assert max(map(len, done.stdout.splitlines())) <= 80
    order = ["Act 3 of 5", "Predicted: 2", "two threads", "MEASURED: ", "with nogil:"]
    rest = done.stdout
    for word in order:
        assert word in rest, f"{word!r} is missing, or comes too early"
        rest = rest[rest.index(word) :]
    assert re.search(
        r"score: 1 of 1 prediction came true|score: 0 of 1|open, it", done.stdout
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--act", "0"), "there is no act 0: they are 1 to 5"),
        (("--act", "6"), "there is no act 6: they are 1 to 5"),
        (("--seed-answers", "1,2"), "one for each act played, 5, got 2"),
        (("--act", "2", "--seed-answers", "1,2"), "one for each act played, 1, got 2"),
        (("--act", "2", "--seed-answers", "x"), "act 2 has options 1 to 3, not 'x'"),
        (("--act", "4", "--seed-answers", "5"), "act 4 has options 1 to 4, not '5'"),
        (("--seed-answers", ""), "one for each act played, 5, got 1"),
    ],
)
def test_bad_input(
    arguments: tuple[str, ...], said: str, command: Callable[..., Told]
) -> None:
    done = command("demo", *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("gil-lab: ")
    assert said in line
