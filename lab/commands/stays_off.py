"""Whether a module, imported into a free-threaded Python, leaves its GIL off."""

import json
import os
import subprocess
import sys

# A child that has not answered by then hangs.
LONGEST_S = 120
CHILD = """
import importlib, json, sys, warnings
path, name, call = json.loads(sys.argv[1])
sys.path[:] = path
assert not sys._is_gil_enabled(), "the GIL is on before anything is imported"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    names = {name.partition(".")[0]: importlib.import_module(name.partition(".")[0])}
    importlib.import_module(name)
    imported = sys._is_gil_enabled()
    if call:
        eval(call, names)
told = [str(one.message) for one in caught if "GIL" in str(one.message)]
print("\\n" + json.dumps([imported, sys._is_gil_enabled(), told[:1]]))
"""


def switched_on(import_name: str, call: str = "") -> str:
    """What switched the GIL on, and how; empty if nothing did.

    call: an expression to evaluate after the import. Only for free-threaded builds.
    RuntimeError, with what the child says, where it fails.
    """
    environment = {k: v for k, v in os.environ.items() if k != "PYTHON_GIL"}
    command = [sys.executable, "-c", CHILD, json.dumps([sys.path, import_name, call])]
    try:
        done = subprocess.run(
            command,
            env=environment,
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise RuntimeError(
            f"{import_name}: the process that imports it did not end in {LONGEST_S} s"
        ) from None
    if done.returncode:
        raise RuntimeError(
            f"{import_name}: the process that imports it failed\n{done.stderr.strip()}"
        )
    imported, now, told = json.loads(done.stdout.splitlines()[-1])
    if not now:
        return ""
    how = f"importing {import_name}" if imported else f"calling {call}"
    return "\n".join(
        [
            f"{how} switched the GIL on, for all threads of the process",
            *(f"  Python says   {line.partition(', which')[0]}" for line in told),
            "A module that runs safely without it says so:",
            "  Cython        # cython: freethreading_compatible = True",
            "  C             {Py_mod_gil, Py_MOD_GIL_NOT_USED} in its slots",
            "  pybind11      PYBIND11_MODULE(name, m, py::mod_gil_not_used())",
            "  nanobind      nanobind_add_module(name FREE_THREADED ...)",
            "  PyO3          #[pymodule(gil_used = false)]",
        ]
    )
