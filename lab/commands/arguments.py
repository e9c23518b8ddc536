"""The command line: commands, their options and help.

What is given to a command NAME becomes the keyword arguments of lab.commands.NAME.run,
which is imported only then, as are the heavy modules it needs.
"""

import argparse
from pathlib import Path

from lab.renderers.formats import FORMATS

# A day: more is no limit.
LONGEST_S = 86_400.0


def parser() -> argparse.ArgumentParser:
    """The parser of all commands. Each has examples that use each of its options."""
    lab = argparse.ArgumentParser(
        prog="gil-lab",
        description="Does this call release the GIL?",
        epilog=_examples(
            "python -m lab bench          # what holds the GIL, in a minute",
            "python -m lab probe --help   # examples of any command",
            "python -m lab --version",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lab.add_argument(
        "--version",
        action=_Version,
        nargs=0,
        default=argparse.SUPPRESS,
        help="of gil-lab, and of the Python it runs on",
    )
    commands = lab.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, does: str, *examples: str) -> argparse.ArgumentParser:
        return commands.add_parser(
            name,
            help=does,
            description=f"{does[0].upper()}{does[1:]}.",
            epilog=_examples(*examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )

    bench = command(
        "bench",
        "race every kernel (needs a checkout), or your own in FILE, and judge them",
        "python -m lab bench                  # all of it, in a minute",
        "python -m lab bench -v               # and every row printed",
        "python -m lab bench -k mandelbrot    # a part: other options go to pytest",
        "python -m lab bench --timeout 5      # leave out what takes longer than that",
        "THREADS=1,2,4 python -m lab bench    # in these numbers of threads",
        "FULL=1 python -m lab bench           # the long experiments too",
        "python -m lab bench mine.pyx         # your own: NAME_held and NAME_released",
        "python -m lab bench mine.pyx --watch # and again at each save",
        "python -m lab bench --pair zlib.crc32 zlib.adler32 --args 'bytes(10**7)'",
    )
    _add_switch(bench, "-v", "verbose", "every row, of one thread too")
    bench.add_argument(
        "--timeout",
        type=_seconds,
        metavar="SECONDS",
        help="how long one call may take, 60 unless given, 10 for your own; what takes "
        "longer is left",
    )
    _add_switch(bench, "--watch", "watch", "race FILE again at each save")
    bench.add_argument(
        "--pair",
        nargs=2,
        metavar="package.function",
        help="race two functions, the first of which holds the GIL",
    )
    bench.add_argument(
        "--args", metavar="'A, B'", help="of --pair: what stands between the brackets"
    )

    new = command(
        "new",
        "write NAME.pyx, kernels of your own to start from",
        "python -m lab new primes && python -m lab bench primes.pyx",
    )
    new.add_argument("name", metavar="NAME", help="letters, digits and _")

    command(
        "calibrate",
        "measure how good the lab's instruments are (needs a checkout)",
        "python -m lab calibrate              # all of it, in a minute or two",
        "python -m lab calibrate -k scope     # a part: other options go to pytest",
    )

    report = command(
        "report",
        "show kept runs, or write them as a page, table or data",
        "python -m lab report                 # the newest whole run",
        "python -m lab report -v              # every row of it",
        "python -m lab report -o report.html",
        "python -m lab report old.json new.json -o report.md   # side by side",
        "python -m lab report results/latest.json --format csv",
        "python -m lab report --check && echo 'no claim is contradicted'",
    )
    report.add_argument(
        "paths",
        type=Path,
        nargs="*",
        metavar="results",
        help="files that bench has kept, or a folder of them for the newest there; "
        "results/ unless given",
    )
    _add_file(report, "-o", "output", "where to write it")
    report.add_argument(
        "--format",
        dest="name",
        choices=[row.name for row in FORMATS],
        help="what FILE's suffix says, if not given",
    )
    _add_switch(report, "-v", "verbose", "every row, in the terminal")
    _add_switch(report, "--check", "check", "exit 1 where a run contradicts a claim")

    probe = command(
        "probe",
        "say whether a call releases the GIL",
        "python -m lab probe 'sorted(x)' --setup 'x = [1] * 10**6'",
        "python -m lab probe 'time.sleep(0.01)' --json   # modules are imported",
    )
    probe.add_argument(
        "expression",
        metavar="EXPR",
        help="the call, as in Python; modules it names are imported",
    )
    probe.add_argument(
        "--setup", metavar="CODE", default="", help="statements to run before"
    )
    _add_switch(probe, "--json", "as_json", "print it as JSON")

    scope = command(
        "scope",
        "run a program, or look at a process, and show who held the GIL, and when",
        "python -m lab scope script.py --an-option-of-the-script",
        "python -m lab scope -o trace.json --chrome perfetto.json script.py",
        "python -m lab scope -m timeit 'sum(range(1000))'",
        "python -m lab scope --speedscope stacks.json script.py   # who held, by stack",
        "python -m lab scope --collapsed a.txt --collapsed-waited b.txt script.py",
        "python -m lab scope --pid 4242 --duration 5      # only read, not stopped",
    )
    _add_file(scope, "-o", "output", "keep the trace as JSON")
    _add_exports(scope)
    _add_switch(scope, "-m", "module", "PROGRAM is a module's name")
    scope.add_argument(
        "--pid", type=_number, help="of a process that runs already; no PROGRAM then"
    )
    scope.add_argument(
        "--duration",
        type=_seconds,
        metavar="SECONDS",
        help="of --pid: how long to look, 10 unless given",
    )
    scope.add_argument("program", metavar="PROGRAM", nargs="?", help="a script")
    scope.add_argument(
        "args", metavar="...", nargs=argparse.REMAINDER, help="its own arguments"
    )

    for name, does, *examples in (
        (
            "top",
            "show live what the threads of a process do; q leaves",
            "python -m lab top 4242",
            "python -m lab top 4242 >table.txt   # one table, of a second",
        ),
        (
            "why",
            "say in a paragraph why a process seems to hang",
            "python -m lab why 4242   # who holds the GIL, who wants it; any deadlock",
        ),
    ):
        command(name, does, *examples).add_argument(
            "pid", type=_number, metavar="PID", help="of the process"
        )

    trace = command(
        "trace",
        "show a trace that bench or scope has kept, or list those of a folder",
        "python -m lab trace results/2026-01-31T23-59-59   # lists what bench kept",
        "python -m lab trace trace.json",
        "python -m lab trace trace.json --chrome perfetto.json",
        "python -m lab trace trace.json --speedscope stacks.json",
        "python -m lab trace trace.json --collapsed a.txt --collapsed-waited b.txt",
    )
    trace.add_argument("path", type=Path, metavar="FILE", help="a trace, or a folder")
    _add_exports(trace)

    atlas = command(
        "atlas",
        "probe functions of the standard library and NumPy",
        "python -m lab atlas",
        "python -m lab atlas --json >atlas.json",
        "python -m lab atlas --add 'sorted(x)' --setup 'x = [1] * 10**6'",
    )
    atlas.add_argument(
        "--add",
        dest="expressions",
        metavar="EXPR",
        action="append",
        default=[],
        help="a call of yours, shown first; may be given again",
    )
    atlas.add_argument(
        "--setup",
        dest="setups",
        metavar="CODE",
        action="append",
        default=[],
        help="statements to run before the --add of the same place",
    )
    _add_switch(atlas, "--json", "as_json", "print it as JSON")

    demo = command(
        "demo",
        "a guided tour in five acts, to be projected",
        "python -m lab demo",
        "python -m lab demo --act 3",
        "python -m lab demo --no-pause --seed-answers 1,2,1,1,2",
    )
    demo.add_argument(
        "--act", type=int, dest="number", metavar="N", help="only this one, 1 to 5"
    )
    _add_switch(demo, "--no-pause", "no_pause", "let it play by itself")
    demo.add_argument(
        "--seed-answers",
        dest="predictions",
        metavar="2,1,...",
        help="predictions, one for each act",
    )
    return lab


def _add_switch(
    command: argparse.ArgumentParser, option: str, name: str, does: str
) -> None:
    command.add_argument(option, action="store_true", dest=name, help=does)


def _add_file(
    command: argparse.ArgumentParser, option: str, name: str, does: str
) -> None:
    command.add_argument(option, type=Path, dest=name, metavar="FILE", help=does)


def _add_exports(command: argparse.ArgumentParser) -> None:
    """What a trace can be kept as (lab.commands.kept_trace)."""
    by_time = "keep its stacks for a flame graph, by time held,"
    waited = "and by the time others waited then"
    _add_file(command, "--chrome", "chrome_output", "keep it for Perfetto")
    _add_file(
        command, "--speedscope", "speedscope_output", "keep its stacks for speedscope"
    )
    _add_file(command, "--collapsed", "collapsed_output", by_time)
    _add_file(command, "--collapsed-waited", "waited_output", waited)


def _number(text: str) -> int:
    """The number of a process."""
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31):
        raise argparse.ArgumentTypeError(
            f"{text}: expected a process's number, as `pgrep -a python` lists them"
        )
    return int(text)


def _seconds(text: str) -> float:
    """A time limit: some time, and no more than a watchdog can wait for."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= LONGEST_S:
        raise argparse.ArgumentTypeError(
            f"{text}: expected seconds, more than 0, at most {LONGEST_S:g}"
        )
    return seconds


def _examples(*lines: str) -> str:
    return "\n".join(("examples:", *(f"  {line}" for line in lines)))


class _Version(argparse.Action):
    """Looked up when it is asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        import platform
        from importlib.metadata import PackageNotFoundError, version

        try:
            lab = version("gil-lab")
        except PackageNotFoundError:
            lab = "not installed, run where it lies"
        python = f"{platform.python_implementation()} {platform.python_version()}"
        print(f"gil-lab {lab}, {python}")
        parser.exit()
