"""Compile the extension modules beside their sources.

hatchling runs the hook for wheels and editable installs; `python hatch_build.py`
does the same by hand, without the network.
"""

import os
import sysconfig
from copy import copy
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
SUFFIX: str = sysconfig.get_config_var("EXT_SUFFIX")
# Generated C and objects: a folder an interpreter, so that several share the tree.
BUILD = Path("build", SUFFIX.split(".")[1])

# After Python's own, which may say -O2. Without the second, compilers may join a
# product and a sum, or not: twins would differ in their last bit on some processors.
# Without the third, a short loop is up to a tenth slower, by where the linker puts it.
FLAGS = ["-O3", "-ffp-contract=off", "-falign-loops=64"]
# Python's own -g is a quarter of the compiler's work, and only debuggers read what it
# adds. Who sets CFLAGS decides.
NO_DEBUG = [] if "CFLAGS" in os.environ else ["-g0"]


def c_files(source: Path) -> list[str]:
    """The C files beside a .pyx that its lines "# C files: ..." name."""
    return [
        str(source.with_name(name))
        for line in source.read_text(encoding="utf-8").splitlines()
        if line.startswith("# C files:")
        for name in line.split()[3:]
    ]


def compile_extensions() -> list[str]:
    """Build every .pyx of lab/ that is older than its sources; return all products."""
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    class BuildExt(build_ext):
        """Objects in a folder for each extension: several have the same C files, and
        are compiled at the same time."""

        def build_extension(self, ext: Extension) -> None:
            own = copy(self)
            own.build_temp = str(BUILD / ext.name)
            build_ext.build_extension(own, ext)

    os.chdir(ROOT)
    headers = [str(path) for path in sorted(Path("lab").rglob("*.h"))]
    extensions = [
        Extension(
            ".".join(path.with_suffix("").parts),
            [str(path), *c_files(path)],
            depends=headers,
            extra_compile_args=FLAGS + NO_DEBUG,
        )
        for path in sorted(Path("lab").rglob("*.pyx"))
    ]
    modules = cythonize(  # type: ignore[no-untyped-call]  # Cython has no types
        extensions,
        build_dir=str(BUILD),
        nthreads=os.cpu_count() or 1,
        compiler_directives={"language_level": 3, "freethreading_compatible": True},
    )
    # The longest first, so that no core waits for it at the end.
    modules.sort(key=lambda module: -os.path.getsize(module.sources[0]))
    command = BuildExt(Distribution({"name": "gil-lab", "ext_modules": modules}))
    command.inplace = True
    command.parallel = True
    command.build_lib = command.build_temp = str(BUILD)
    command.ensure_finalized()
    command.run()
    return [
        f"{path.with_suffix('')}{SUFFIX}" for path in sorted(Path("lab").rglob("*.pyx"))
    ]


class CompileHook(BuildHookInterface[Any]):
    """hatchling's entry: compile, then ship the products in a platform wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "wheel":  # an sdist ships sources only
            build_data["pure_python"] = False
            build_data["infer_tag"] = True
            build_data["artifacts"] += compile_extensions()


if __name__ == "__main__":
    compile_extensions()
