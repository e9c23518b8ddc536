"""Names of threads: those there are, those that start, and nothing left behind."""

import threading

from lab.instruments.thread_names import ThreadNames


def _run(name: str) -> None:
    thread = threading.Thread(target=threading.get_ident, name=name)
    thread.start()
    thread.join()


def test_who_starts_meanwhile_is_noted_by_the_threads_own_number() -> None:
    before = vars(threading.Thread)["_set_native_id"]
    names = ThreadNames(threading.get_ident)
    try:
        _run("short")
    finally:
        names.stop()
    assert "short" in [name for name, _ in names.started.values()]
    assert vars(threading.Thread)["_set_native_id"] is before
    _run("later")
    assert "later" not in [name for name, _ in names.started.values()]


def test_who_is_there_is_looked_up_again_at_the_end() -> None:
    names = ThreadNames(threading.get_ident)
    me = threading.current_thread()
    before = me.name
    try:
        me.name = "renamed"
        names.stop()
        assert names.present[me.ident] == ("renamed", me.native_id)
    finally:
        me.name = before


def test_a_hook_over_ours_stays() -> None:
    below = vars(threading.Thread)["_set_native_id"]
    first, second = (ThreadNames(threading.get_ident) for _ in range(2))
    first.stop()
    assert vars(threading.Thread)["_set_native_id"] is second.hook
    second.stop()
    threading.Thread._set_native_id = below  # type: ignore[attr-defined]
