"""Every option has its help and an example."""

import argparse
import contextlib
import shlex

import pytest

from lab.cli import main
from lab.commands.arguments import parser


@pytest.mark.parametrize("arguments", [(), ("nonsense",), ("trace",)])
def test_usage_errors(
    arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert "usage: gil-lab" in capsys.readouterr().err


def _commands() -> dict[str, argparse.ArgumentParser]:
    lab = parser()
    (commands,) = (one for one in lab._actions if isinstance(one.choices, dict))
    return {"": lab, **commands.choices}  # type: ignore[dict-item]  # they are parsers


@pytest.mark.parametrize("name", _commands())
def test_every_option_has_help_and_an_example(name: str) -> None:
    one = _commands()[name]
    options = [each for each in one._actions if each.dest not in ("help", "command")]
    for option in options:
        assert option.help, option
    head, *examples = (one.epilog or "").splitlines()
    assert head == "examples:"
    assert max(map(len, examples)) <= 80
    used = set()
    for example in examples:
        words = shlex.split(example, comments=True)
        words = words[words.index("lab") + 1 :]
        ends = (at for at, word in enumerate(words) if word == "&&" or word[0] == ">")
        words = words[: next(ends, None)]
        used.update(words)
        assert words[0] == name or not name
        ends_there = {"--help", "--version"} & set(words)
        with pytest.raises(SystemExit) if ends_there else contextlib.nullcontext():
            _, rest = parser().parse_known_args(words)
            assert not rest or name in ("bench", "calibrate"), example
    for option in options:
        if option.option_strings:
            assert used & set(option.option_strings), f"{option.option_strings}: unused"
