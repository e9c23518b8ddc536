"""Calls of the standard library and of NumPy, and who wrote their release down.

Files and functions are those of CPython 3.13 and, from numpy/ on, NumPy 2.1. Each
call is made long enough to be seen: some release only above a size of theirs.
"""

from dataclasses import dataclass

from lab.records.probe import ProbeVerdict


@dataclass(frozen=True, slots=True)
class Entry:
    """A call to probe."""

    expression: str
    """The call."""
    setup: str = ""
    """Run before."""
    claimed: ProbeVerdict | None = None
    """held, released or partly; None for a user's own."""
    source: str = ""
    """Where the GIL is released, or where a call that holds it works."""
    cleanup: str = ""
    """Run after."""
    short: bool = False
    """One of the dozen that the bench takes by default."""


def held(expression: str, setup: str, source: str, short: bool = False) -> Entry:
    """A call that keeps the GIL."""
    return Entry(expression, setup, "held", source, short=short)


def released(
    expression: str, setup: str, source: str, cleanup: str = "", short: bool = False
) -> Entry:
    """A call that lets the GIL go."""
    return Entry(expression, setup, "released", source, cleanup, short)


_BYTES = "data = bytes(range(256)) * 8192"  # 2 MB
_TEXT = "text = 'the quick brown fox ' * 20_000"
_ARRAY = "import numpy as np\na = np.linspace(0, 1, 10**6)[::-1].copy()"
_LATE = "import subprocess\nlate = ['sh', '-c', 'while sleep 0.02; do echo; done']\n"
_QUERY = (
    "import sqlite3\nbase = sqlite3.connect(':memory:')\nquery = 'WITH RECURSIVE "
    "c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 50000) "
    "SELECT sum(x) FROM c'"
)

ENTRIES: tuple[Entry, ...] = (
    held(
        "json.loads(text)",
        "import json\ntext = json.dumps(list(range(30_000)))",
        "Modules/_json.c scan_once_unicode",
        short=True,
    ),
    held(
        "json.dumps(data)",
        "import json\ndata = list(range(30_000))",
        "Modules/_json.c encoder_listencode_obj",
    ),
    held(
        "pattern.search(text)",
        "import re\npattern = re.compile('(a|b)*c')\ntext = 'ab' * 500",
        "Modules/_sre/sre_lib.h SRE(search)",
        short=True,
    ),
    held(
        "sorted(data)",
        "import random\ndata = [random.random() for _ in range(10_000)]",
        "Objects/listobject.c list_sort_impl",
        short=True,
    ),
    held(
        "pickle.dumps(data)",
        "import pickle\ndata = list(range(30_000))",
        "Modules/_pickle.c save",
    ),
    held(
        "pickle.loads(data)",
        "import pickle\ndata = pickle.dumps(list(range(30_000)))",
        "Modules/_pickle.c load",
        short=True,
    ),
    held(
        "marshal.dumps(data)",
        "import marshal\ndata = list(range(30_000))",
        "Python/marshal.c w_object",
    ),
    held("a * a", "a = 3**40_000", "Objects/longobject.c k_mul", short=True),
    held("pow(3, 30_000)", "", "Objects/longobject.c long_pow"),
    held(
        "sum(data)",
        "data = list(range(50_000))",
        "Python/bltinmodule.c builtin_sum_impl",
    ),
    held(
        "set(data)",
        "data = list(range(20_000))",
        "Objects/setobject.c set_update_internal",
    ),
    held("math.factorial(3_000)", "import math", "Modules/mathmodule.c math_factorial"),
    held("text.replace('fox', 'dog')", _TEXT, "Objects/unicodeobject.c replace"),
    held(
        "text.encode('utf-16')", _TEXT, "Objects/unicodeobject.c _PyUnicode_EncodeUTF16"
    ),
    held("data.count(b'ab')", _BYTES, "Objects/bytes_methods.c _Py_bytes_count"),
    held("data.hex()", _BYTES, "Python/pystrhex.c _Py_strhex_impl"),
    held(
        "binascii.b2a_base64(data)",
        "import binascii\n" + _BYTES,
        "Modules/binascii.c binascii_b2a_base64_impl",
    ),
    held(
        "list(csv.reader(lines))",
        "import csv\nlines = ['a,b,c'] * 3_000",
        "Modules/_csv.c Reader_iternext",
    ),
    held(
        "ElementTree.fromstring(text)",
        "from xml.etree import ElementTree\ntext = f'<a>{\"<b/>\" * 5_000}</a>'",
        "Modules/_elementtree.c expat_parse",
    ),
    held("gc.collect()", "import gc", "Modules/gcmodule.c gc_collect_main"),
    released(
        "zlib.compress(data)",
        "import zlib\n" + _BYTES,
        "Modules/zlibmodule.c zlib_compress_impl",
        short=True,
    ),
    released(
        "zlib.decompress(data)",
        "import os, zlib\ndata = zlib.compress(os.urandom(2**17).hex().encode())",
        "Modules/zlibmodule.c zlib_decompress_impl",
    ),
    released(
        "zlib.crc32(data)",
        "import zlib\n" + _BYTES,
        "Modules/zlibmodule.c zlib_crc32_impl",
    ),
    released(
        "zlib.adler32(data)",
        "import zlib\n" + _BYTES,
        "Modules/zlibmodule.c zlib_adler32_impl",
    ),
    released(
        "hashlib.sha256(data)",
        "import hashlib\n" + _BYTES,
        "Modules/_hashopenssl.c py_evp_fromname",
        short=True,
    ),
    released(
        "hashlib.blake2b(data)",
        "import hashlib\n" + _BYTES,
        "Modules/_blake2/blake2b_impl.c py_blake2b_new_impl",
    ),
    released(
        "hashlib.pbkdf2_hmac('sha1', b'', b'', 2_000)",
        "import hashlib",
        "Modules/_hashopenssl.c pbkdf2_hmac_impl",
    ),
    released(
        "bz2.compress(data)",
        "import bz2\ndata = b'gil lab ' * 25_000",
        "Modules/_bz2module.c compress",
    ),
    released(
        "bz2.decompress(data)",
        "import bz2, os\ndata = bz2.compress(os.urandom(2**18))",
        "Modules/_bz2module.c decompress_buf",
    ),
    released(
        "lzma.compress(data)",
        "import lzma, os\ndata = os.urandom(2**16).hex().encode()",
        "Modules/_lzmamodule.c compress",
    ),
    released(
        "lzma.decompress(data)",
        "import lzma, os\ndata = lzma.compress(os.urandom(2**16).hex().encode())",
        "Modules/_lzmamodule.c decompress_buf",
    ),
    released(
        "base.execute(query)",
        _QUERY,
        "Modules/_sqlite/cursor.c stmt_step",
        "base.close()",
        short=True,
    ),
    released(
        "time.sleep(0.02)", "import time", "Modules/timemodule.c pysleep", short=True
    ),
    released(
        "select.select([], [], [], 0.02)",
        "import select",
        "Modules/selectmodule.c select_select_impl",
        short=True,
    ),
    released(
        "lock.acquire(timeout=0.02)",
        "import threading\nlock = threading.Lock()\nlock.acquire()",
        "Modules/_threadmodule.c acquire_timed",
    ),
    released("os.urandom(2**20)", "import os", "Python/bootstrap_hash.c py_getrandom"),
    released(
        "os.read(fd, 2**16)",
        "import os\n"
        + _LATE
        + "child = subprocess.Popen(late, stdout=subprocess.PIPE)\n"
        "fd = child.stdout.fileno()",
        "Python/fileutils.c _Py_read",
        "child.stdout.close(); child.kill(); child.wait()",
    ),
    released(
        "os.pread(file.fileno(), 2**22, 0)",
        "import os, tempfile\nfile = tempfile.TemporaryFile()\nfile.truncate(2**22)",
        "Modules/posixmodule.c os_pread_impl",
        "file.close()",
    ),
    released(
        "mine.recv(2**16)",
        "import socket\n"
        + _LATE
        + "mine, yours = socket.socketpair()\nmine.settimeout(5)\n"
        "child = subprocess.Popen(late, stdout=yours)\nyours.close()",
        "Modules/socketmodule.c sock_call_ex",
        "mine.close(); child.kill(); child.wait()",
    ),
    held(
        "np.array(data)",
        "import numpy as np\ndata = list(range(20_000))",
        "numpy/_core/src/multiarray/ctors.c PyArray_AssignFromCache",
    ),
    held(
        "a.tolist()",
        _ARRAY,
        "numpy/_core/src/multiarray/convert.c recursive_tolist",
        short=True,
    ),
    held(
        "np.add(a, a)",
        "import numpy as np\na = np.arange(20_000).astype(object)",
        "numpy/_core/src/umath/loops.c.src PyUFunc_OO_O",
    ),
    released(
        "np.sqrt(a, out=a)",
        _ARRAY,
        "numpy/_core/src/umath/ufunc_object.c try_trivial_single_output_loop",
    ),
    released("a.sum()", _ARRAY, "numpy/_core/src/umath/ufunc_object.c reduce_loop"),
    released(
        "np.sort(a)",
        "import numpy as np\na = np.random.default_rng(1).random(10**5)",
        "numpy/_core/src/multiarray/item_selection.c _new_sortlike",
        short=True,
    ),
    released(
        "np.dot(m, m)",
        "import numpy as np\nm = np.ones((600, 600))",
        "numpy/_core/src/common/cblasfuncs.c cblas_matrixproduct",
    ),
    released(
        "np.linalg.inv(m)",
        "import numpy as np\nm = np.eye(300)",
        "numpy/_core/src/umath/ufunc_object.c PyUFunc_GeneralizedFunctionInternal",
    ),
    released(
        "random.random(10**6)",
        "import numpy as np\nrandom = np.random.default_rng(1)",
        "numpy/random/_common.pyx double_fill",
    ),
)
