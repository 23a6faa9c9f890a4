"""Note which lines of the package run, in every Python that has this directory on its path.

`coverage run` would take 80 ms to start, more than most commands; the tests start thousands.
"""

import sys

if sys.version_info >= (3, 12):  # where it costs nearly nothing
    import atexit
    import os
    from types import CodeType

    _DIRECTORY = os.environ.get("COVERAGE_LINES", "")
    _PACKAGE = os.path.realpath(f"{__file__}/../../../../agenix_check") + os.sep
    _LINES: dict[str, set[int]] = {}
    _monitoring = sys.monitoring
    _exit = os._exit

    def _start(code: CodeType, _offset: int) -> object:
        if code.co_filename.startswith(_PACKAGE):
            _monitoring.set_local_events(_monitoring.COVERAGE_ID, code, _monitoring.events.LINE)
        return _monitoring.DISABLE

    def _line(code: CodeType, line: int) -> object:
        _LINES.setdefault(code.co_filename, set()).add(line)
        return _monitoring.DISABLE

    def _write() -> None:
        if _LINES:
            text = "".join(f"{file}\t{sorted(lines)}\n" for file, lines in _LINES.items())
            path = f"{_DIRECTORY}/{os.getpid()}-{os.urandom(8).hex()}"
            try:
                with open(f"{path}.part", "w") as file:  # noqa: PTH123
                    file.write(text)
                os.rename(f"{path}.part", path)  # noqa: PTH104
            except OSError:
                pass  # a test let this one write nothing, or a part
            _LINES.clear()

    def _end(code: int) -> None:
        os._exit = _exit  # a test may end its process at the next file that is written: this one
        _write()
        _exit(code)

    if _DIRECTORY and _monitoring.get_tool(_monitoring.COVERAGE_ID) is None:
        _monitoring.use_tool_id(_monitoring.COVERAGE_ID, "lines")
        _events = _monitoring.events
        _monitoring.register_callback(_monitoring.COVERAGE_ID, _events.PY_START, _start)
        _monitoring.register_callback(_monitoring.COVERAGE_ID, _events.LINE, _line)
        _monitoring.set_events(_monitoring.COVERAGE_ID, _events.PY_START)
        atexit.register(_write)
        os._exit = _end  # type: ignore[assignment]
