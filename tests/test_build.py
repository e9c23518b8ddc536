"""Installing, building and the Makefile's own words."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    target = tmp_path / "gil-lab"
    patterns = shutil.ignore_patterns(
        ".venv*", "results", ".git", "__pycache__", "build", "*.so"
    )
    shutil.copytree(ROOT, target, ignore=patterns)
    return target


def _pip(copy: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", *arguments, "--quiet"]
    return subprocess.run(
        [*command, "--no-build-isolation", "--no-deps"],
        cwd=copy,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_wheel(project: Path, tmp_path: Path) -> None:
    """Whatever is compiled already: what is not, is."""
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    (project / f"lab/instruments/stopwatch{suffix}").unlink(missing_ok=True)
    for generated in (project / "build").rglob("stopwatch.*"):
        generated.unlink()
    done = _pip(project, "wheel", ".", "-w", str(tmp_path / "wheels"))
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "wheels").iterdir()
    version = f"cp{sys.version_info.major}{sys.version_info.minor}"
    threads = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
    assert wheel.name.startswith(f"gil_lab-0.1.0-{version}-{version}{threads}-")
    assert not wheel.name.endswith("-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    built = {name for name in names if name.endswith(".so")}
    assert built == {
        f"{path.relative_to(ROOT).with_suffix('')}{suffix}"
        for path in (ROOT / "lab").rglob("*.pyx")
    }
    shown = ("kernels.pyx", "calls/pure_python.py", "demo/child.py")  # by the demo
    typed = ("py.typed", "kernels.pyi", "catalogue.py", "renderers/terminal.py")
    page = [f"renderers/page/report.{kind}" for kind in ("html.j2", "css", "js")]
    for name in (*shown, *typed, *page):
        assert f"lab/{name}" in names
    for name in names:
        assert name.startswith(("lab/", "gil_lab-0.1.0.dist-info/"))


@pytest.mark.slow
def test_failed_compile_is_loud(project: Path, tmp_path: Path) -> None:
    source = project / "lab/instruments/stopwatch.pyx"
    source.write_text(source.read_text() + "\ncdef int broken(:\n")
    done = _pip(project, "wheel", ".", "-w", str(tmp_path / "wheels"))
    assert done.returncode != 0
    assert "stopwatch.pyx" in done.stdout + done.stderr
    assert not (tmp_path / "wheels").exists() or not list(
        (tmp_path / "wheels").iterdir()
    )


def _make(
    copy: Path, *arguments: str, path: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **({} if path is None else {"PATH": path})}
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "PYTHON"):
        environment.pop(name, None)
    make = shutil.which("make")
    assert make is not None
    return subprocess.run(
        [make, *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def _tools(folder: Path, *names: str, **scripts: str) -> str:
    """A PATH with these tools and scripts only."""
    folder.mkdir()
    for name in names:
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


BASE = ("sh", "sed", "expand", "touch", "echo")


@pytest.mark.parametrize(
    ("scripts", "said"),
    [
        ({}, "python3 does not run: install Python 3.11"),
        ({"python3": 'case "$2" in *version_info*) exit 1;; esac'}, "older than 3.11"),
        ({"python3": 'case "$2" in *venv*) exit 1;; esac'}, "lacks the venv module"),
        ({"python3": "mkdir() { :; }"}, "no C compiler (cc)"),
    ],
)
def test_what_is_missing_is_said_in_one_line(
    copy: Path, tmp_path: Path, scripts: dict[str, str], said: str
) -> None:
    (copy / ".venv").mkdir()  # where the scripts that play Python put nothing
    path = _tools(tmp_path / "bin", *BASE, **scripts)
    done = _make(copy, "bench", path=path)
    assert done.returncode != 0
    told = [line for line in done.stderr.splitlines() if line.startswith("gil-lab:")]
    assert len(told) == 1, done.stderr
    assert said in told[0]
    assert "Traceback" not in done.stderr


def test_the_compiler_is_named_as_it_is_called(copy: Path, tmp_path: Path) -> None:
    path = _tools(tmp_path / "bin", *BASE, python3="")
    done = _make(copy, "compiler", "CC=my-own-cc -pthread", path=path)
    assert done.returncode != 0
    assert "no C compiler (my-own-cc)" in done.stderr


@pytest.mark.parametrize("code", [0, 1])
def test_what_pip_and_the_compiler_say_is_shown_on_failure(
    copy: Path, code: int
) -> None:
    (copy / ".venv/bin").mkdir(parents=True)
    (copy / ".venv/.python").touch()
    python = copy / ".venv/bin/python"
    python.write_text(
        "#!/bin/sh\n"
        'case "$*" in "-c "*) exit 0;; esac\n'
        f"echo WARNING: on stdout\necho WARNING: on stderr >&2\nexit {code}\n"
    )
    python.chmod(0o755)
    for target in ("build", ".venv/.test", ".venv/.lint"):
        done = _make(copy, target)
        assert bool(done.returncode) == bool(code)
        shown = done.stdout + done.stderr
        assert shown.count("WARNING: ") == 2 * code, shown
        if code:  # the next step begins where this one should have ended
            (copy / ".venv/.installed").touch()


def test_help(copy: Path) -> None:
    done = _make(copy)
    assert done.returncode == 0
    for target in ("make bench", "make test", "make lint", "make clean"):
        assert target in done.stdout


def test_nothing_is_built_twice(tmp_path: Path, copy: Path) -> None:
    """Up to date means no work; a touched source means compiling, offline."""
    venv = copy / ".venv"
    (venv / "bin").mkdir(parents=True)
    log = copy / "calls.txt"
    python = venv / "bin/python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {log}\nexit 0\n')
    python.chmod(0o755)
    for stamp in (".python", ".installed", ".built"):
        (venv / stamp).touch()
    assert _make(copy, "build").returncode == 0
    assert not log.exists()
    os.utime(copy / "lab/instruments/stopwatch.pyx", (2**31, 2**31))
    assert _make(copy, "build").returncode == 0
    assert log.read_text().splitlines() == ["hatch_build.py"]


@pytest.mark.slow
def test_extensions_that_share_c_files_share_no_object(tmp_path: Path) -> None:
    """They are compiled at the same time: one could link what the other half wrote."""
    shutil.copy(ROOT / "hatch_build.py", tmp_path)
    folder = tmp_path / "lab"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "shared.c").write_text("int answer(void) { return 42; }\n")
    for name in ("one", "two"):
        (folder / f"{name}.pyx").write_text(
            "# C files: shared.c\ncdef extern int answer()\nprint(answer())\n"
        )
    run = [sys.executable, "hatch_build.py"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    assert len([*tmp_path.glob("build/**/shared.o")]) == 2
    for name in ("one", "two"):
        code = f"import lab.{name}"
        told = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path)
        assert told == b"42\n"
