from array import array

def watch(
    progress: array[int], over: int, out: int, text: bytes, patience_ns: int
) -> None: ...
