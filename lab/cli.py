"""The commands. Whatever is heavy is imported by the command that needs it."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.errors import UsageError
from lab.renderers.formats import FORMATS


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0, 1 (a claim contradicted), 2 (bad usage), 130
    (interrupted)."""
    parser = _parser()
    known, rest = parser.parse_known_args(arguments)
    if rest and known.command != "bench":
        parser.error(f"unknown arguments: {' '.join(rest)}")
    try:
        return _run(known, rest)
    except UsageError as error:
        print(f"gil-lab: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gil-lab: interrupted", file=sys.stderr)
        return 128 + signal.SIGINT
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gil-lab", description="Does this call release the GIL?"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser(
        "bench",
        help="race every kernel and judge the claims (needs a checkout)",
        epilog="Other options go to pytest: -k mandelbrot runs those experiments. "
        "THREADS=1,2,4 in the environment sets the numbers of threads, FULL=1 "
        "runs the long experiments too.",
    )
    report = commands.add_parser(
        "report", help="show kept runs, or write them as a page, table or data"
    )
    report.add_argument(
        "results", type=Path, nargs="*", help="such as results/latest.json"
    )
    report.add_argument("-o", type=Path, dest="output", metavar="FILE")
    report.add_argument(
        "--format",
        choices=[row.name for row in FORMATS],
        help="what FILE's suffix says, if not given",
    )
    probe = commands.add_parser(
        "probe",
        help="say whether a call releases the GIL",
        epilog="Modules that EXPR names are imported, unless --setup defines the name.",
    )
    probe.add_argument("expression", metavar="EXPR", help="such as 'zlib.crc32(data)'")
    probe.add_argument("--setup", default="", help="statements to run before")
    probe.add_argument("--json", action="store_true", help="print it as JSON")
    scope = commands.add_parser(
        "scope", help="run a program and show who held the GIL, and when"
    )
    scope.add_argument("-o", type=Path, dest="output", help="keep the trace as JSON")
    scope.add_argument("--chrome", type=Path, help="keep it for Perfetto")
    scope.add_argument("-m", action="store_true", dest="module", help="a module")
    scope.add_argument("program", help="a script, or the module's name")
    scope.add_argument("args", nargs=argparse.REMAINDER, help="its own arguments")
    trace = commands.add_parser("trace", help="show a kept trace")
    trace.add_argument("file", type=Path, help="such as one kept by bench or scope")
    trace.add_argument("--chrome", type=Path, help="also keep it for Perfetto")
    atlas = commands.add_parser(
        "atlas", help="probe functions of the standard library and NumPy"
    )
    atlas.add_argument("--add", metavar="EXPR", action="append", default=[])
    atlas.add_argument("--setup", metavar="CODE", action="append", default=[])
    atlas.add_argument("--json", action="store_true", help="print it as JSON")
    demo = commands.add_parser(
        "demo", help="a guided tour in five acts, to be projected"
    )
    demo.add_argument("--act", type=int, metavar="N", help="only this one, 1 to 5")
    demo.add_argument("--no-pause", action="store_true", help="let it play by itself")
    demo.add_argument(
        "--seed-answers", metavar="2,1,...", help="predictions, one for each act"
    )
    return parser


def _run(known: argparse.Namespace, rest: list[str]) -> int:
    if known.command == "bench":
        from lab.bench import bench

        return bench(rest)
    if known.command == "scope":
        from lab.run_program import run

        return run(
            [known.program, *known.args],
            module=known.module,
            output=known.output,
            chrome_output=known.chrome,
        )
    if known.command == "demo":
        from lab.demo.command import demo

        return demo(known.act, known.seed_answers, no_pause=known.no_pause)
    if known.command == "atlas":
        return _atlas(known.add, known.setup, known.json)
    if known.command == "report":
        from lab.report_command import report

        return report(known.results, known.format, known.output)
    if known.command == "trace":
        return _trace(known.file, known.chrome)
    return _probe(known.expression, known.setup, known.json)


def _probe(expression: str, setup: str, as_json: bool) -> int:
    import json
    import math
    from dataclasses import asdict

    from lab.expression import subject
    from lab.notice import told_when_stuck
    from lab.probing import traced

    found = None
    with _raising():
        func, arguments, keywords = subject(expression, setup)
        with told_when_stuck() as progress:
            found, _ = traced(func, arguments, dict(keywords), progress=progress)
    if found is None:
        return 1
    if as_json:
        plain = asdict(found)
        if math.isinf(found.ceiling):
            plain["ceiling"] = None  # JSON knows no infinity
        print(json.dumps(plain, indent=2))
    else:
        print(found)
    return 0


def _atlas(expressions: list[str], setups: list[str], as_json: bool) -> int:
    from lab.atlas_command import run

    if len(setups) > len(expressions):
        raise UsageError("--setup belongs to an --add EXPR: there are more of them")
    setups += [""] * (len(expressions) - len(setups))
    with _raising():
        return run(list(zip(expressions, setups, strict=True)), as_json)
    return 1


@contextmanager
def _raising() -> Iterator[None]:
    """What the user's code raises ends in its last line, not in a traceback."""
    import traceback

    # It may use modules that lie here, as it may in `python -c`.
    sys.path.insert(0, os.getcwd())
    try:
        yield
    except UsageError:
        raise
    except Exception as error:
        print(traceback.format_exception_only(error)[-1].rstrip(), file=sys.stderr)


def _trace(path: Path, chrome_output: Path | None) -> int:
    import json

    from lab.files import write_whole
    from lab.renderers import chrome, scope_terminal
    from lab.renderers.console import console
    from lab.trace import load

    try:
        trace = load(path)
        if chrome_output is not None:
            write_whole(chrome_output, json.dumps(chrome.render(trace)) + "\n")
    except OSError as error:
        raise UsageError(f"{error.filename or path}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(str(error)) from error
    out = console()
    print(scope_terminal.render(trace, out.width, out.is_terminal), end="")
    return 0
