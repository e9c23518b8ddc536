"""The commands. Whatever is heavy is imported by the command that needs it."""

import argparse
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lab.arguments import parser
from lab.errors import UsageError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code: 0, 1 (a claim contradicted), 2 (bad usage), 130
    (interrupted)."""
    commands = parser()
    known, rest = commands.parse_known_args(arguments)
    if rest and known.command not in ("bench", "calibrate"):
        commands.error(f"unknown arguments: {' '.join(rest)}")
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


def _run(known: argparse.Namespace, rest: list[str]) -> int:
    if known.command == "bench":
        from lab.bench import bench

        return bench(rest, verbose=known.verbose)
    if known.command == "calibrate":
        from lab.calibrate import calibrate

        return calibrate(rest)
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

        return report(
            known.results,
            known.format,
            known.output,
            check=known.check,
            verbose=known.verbose,
        )
    if known.command == "trace":
        from lab.trace_command import trace

        return trace(known.file, known.chrome)
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
