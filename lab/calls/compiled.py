"""A .pyx of the user's -> an extension module, compiled once for what stands in it."""

import hashlib
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import chdir, contextmanager, suppress
from importlib.machinery import ExtensionFileLoader
from importlib.metadata import PackageNotFoundError, version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from lab.errors import UsageError

# As for the lab's own kernels, so that twins agree to the bit and loops are fast.
FLAGS = ("-O3", "-ffp-contract=off", "-falign-loops=64")
# What a .pyx may take in from files beside it.
BESIDE = (".pxd", ".pxi", ".h", ".c")
# So many compiled files are kept, the last that were made.
KEPT = 64


class CompileError(Exception):
    """The compilers' own words, of one or more lines."""


def missing() -> str:
    """What compiling needs and is not there, in a line; else empty."""
    for name in ("cython", "setuptools"):
        try:
            version(name)
        except PackageNotFoundError:
            return f"a .pyx needs {name}: pip install 'gil-lab[cython]'"
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    first = compiler.split()[0]
    if shutil.which(first) is None:
        return (
            f"no C compiler ({first}): install gcc or clang "
            "(Debian, Ubuntu: build-essential)"
        )
    if not Path(sysconfig.get_path("include"), "Python.h").is_file():
        return (
            "no Python.h: install the headers of this Python "
            "(Debian, Ubuntu: python3-dev)"
        )
    return ""


def compiled(source: Path) -> tuple[Path, str]:
    """The extension module made of a .pyx, and why it is not kept, if so.

    It lies in the user's cache folder, by content and interpreter; where that cannot
    be written, in the folder for temporary files. CompileError where a compiler
    refuses the source, UsageError where there is none, or no name for a module.
    """
    if not source.stem.isidentifier():
        raise UsageError(
            f"{source.name}: no name for a module: letters, digits and _ only"
        )
    name = f"{source.stem}-{_key(source)}{sysconfig.get_config_var('EXT_SUFFIX')}"
    folder, told = _cache(), ""
    if (folder / name).is_file():
        return folder / name, told
    wanting = missing()
    if wanting:
        raise UsageError(wanting)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        told = f"{folder}: {error.strerror}: compiled for this run only"
        folder = Path(tempfile.gettempdir(), "gil-lab-compiled")
        folder.mkdir(exist_ok=True)
    if not (folder / name).is_file():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            os.replace(_build(source, Path(scratch)), folder / name)
        _prune(folder)
    return folder / name, told


def load(name: str, product: Path) -> ModuleType:
    """Import a compiled module; what its code raises propagates."""
    loader = ExtensionFileLoader(name, str(product))
    spec = spec_from_file_location(name, product, loader=loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def _cache() -> Path:
    """XDG Base Directory Specification: a relative folder counts as none."""
    told = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not told.is_absolute():
        try:
            told = Path.home() / ".cache"
        except RuntimeError:  # nobody's home
            told = Path(tempfile.gettempdir())
    return told / "gil-lab"


def _key(source: Path) -> str:
    """Of all that the product depends on, as far as it can be known."""
    read = hashlib.sha256()
    beside = sorted(p for p in source.parent.iterdir() if p.suffix in BESIDE)
    for path in (source, *beside):
        with suppress(OSError):  # what cannot be read does not count, or fails later
            read.update(path.name.encode(errors="replace"))
            read.update(path.read_bytes())
    try:
        cython = version("cython")
    except PackageNotFoundError:
        cython = ""
    told = sys.version, cython, FLAGS, os.environ.get("CC"), os.environ.get("CFLAGS")
    read.update(repr(told).encode(errors="replace"))
    return read.hexdigest()[:24]


def _prune(folder: Path) -> None:
    made = []
    for path in folder.glob(f"*{sysconfig.get_config_var('EXT_SUFFIX')}"):
        with suppress(OSError):  # another process has removed it
            made.append((path.stat().st_mtime_ns, path))
    for _, path in sorted(made, reverse=True)[KEPT:]:
        with suppress(OSError):
            path.unlink()


def _build(source: Path, scratch: Path) -> Path:
    import numpy
    from Cython.Build import cythonize
    from Cython.Compiler.Errors import CompileError as Refused
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext
    from setuptools.errors import CCompilerError

    extension = Extension(
        source.stem,
        [source.name],
        include_dirs=[str(source.parent), numpy.get_include()],
        extra_compile_args=list(FLAGS),
    )
    # Where it lies, so that messages name the file as the user does.
    with _printed(scratch / "printed") as printed, chdir(source.parent):
        try:
            modules = cythonize(  # type: ignore[no-untyped-call]  # it has no types
                [extension],
                build_dir=str(scratch),
                force=True,
                quiet=True,
                emit_linenums=True,  # C compilers name lines of the .pyx too
                compiler_directives={"language_level": 3},
            )
            command = build_ext(
                Distribution({"name": source.stem, "ext_modules": modules})
            )
            command.build_lib = command.build_temp = str(scratch)
            command.ensure_finalized()
            command.run()
        except (Refused, CCompilerError, SyntaxError, UnicodeError) as error:
            text = printed.read_text(errors="replace").strip()
            text = text.replace(f"{scratch}{os.sep}", "")
            raise CompileError(text or str(error)) from None
        return Path(command.get_ext_fullpath(source.stem))


@contextmanager
def _printed(path: Path) -> Iterator[Path]:
    """What this process and those it starts print meanwhile goes to a file."""
    kept = [os.dup(1), os.dup(2)]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        for number in (1, 2):
            os.dup2(descriptor, number)
        try:
            yield path
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, before in enumerate(kept, 1):
                os.dup2(before, number)
    finally:
        for one in (*kept, descriptor):
            os.close(one)
