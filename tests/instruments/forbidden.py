"""For programs that may not read memory by process_vm_readv."""

import platform

import pytest

# A filter as containers have it: process_vm_readv (310) fails with EPERM, in every
# thread that there is.
FORBID = """
import ctypes, struct

def forbid():
    rules = [(0x20, 0, 0, 0), (0x15, 0, 1, 310), (6, 0, 0, 0x50001),
             (6, 0, 0, 0x7fff0000)]
    program = b"".join(struct.pack("HBBI", *rule) for rule in rules)
    buffer = ctypes.create_string_buffer(program)
    head = struct.pack("HxxxxxxP", len(rules), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None)
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    assert libc.syscall(317, 1, 1, head) == 0  # seccomp, of all threads
"""
of_x86_64 = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="numbers of system calls"
)
