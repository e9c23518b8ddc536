"""What `import lab` gives, and what it leaves alone."""

import pytest

import lab
from tests.command_line import run


def test_public_names_are_there_when_asked_for() -> None:
    assert set(lab.__all__) <= set(dir(lab))
    for name in lab.__all__:
        assert getattr(lab, name).__name__ == name
    with pytest.raises(AttributeError, match="module 'lab' has no attribute 'prob'"):
        lab.prob  # noqa: B018


def test_importing_the_module_of_a_name_does_not_hide_it() -> None:
    import lab.instruments.probe

    assert callable(lab.probe)


@pytest.mark.parametrize(
    "code",
    [
        "import lab",
        "import lab.cli, contextlib\n"
        "with contextlib.suppress(SystemExit): lab.cli.main(['--help'])",
    ],
)
def test_heavy_imports_come_when_needed(code: str) -> None:
    heavy = "numpy", "rich", "pytest", "subprocess", "lab.kernels", "IPython"
    told = f"import sys; print([name for name in {heavy!r} if name in sys.modules])"
    done = run("-c", f"{code}\n{told}")
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr


def test_importing_lab_leaves_the_gil_off() -> None:
    """On a free-threaded build an extension that does not say so turns it on."""
    code = (
        "import sys, warnings; warnings.simplefilter('error')\n"
        "on = getattr(sys, '_is_gil_enabled', lambda: True)\n"
        "before = on()\nimport pkgutil, lab, importlib\n"
        "for module in pkgutil.iter_modules(lab.__path__, 'lab.'):\n"
        "    if module.name != 'lab.__main__': importlib.import_module(module.name)\n"
        "print(before == on())"
    )
    done = run("-c", code)
    assert done.stdout.splitlines()[-1:] == ["True"], done.stderr
