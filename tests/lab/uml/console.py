"""What the kernel of a node prints, as it comes."""

from __future__ import annotations

import os
import threading
from pathlib import Path
from typing import IO

READY = "LAB-READY"
FAILED = "LAB-FAILED"


class Console:
    """Reads a node's console for as long as the node lives, and keeps it in a file."""

    def __init__(self, source: IO[bytes], log: Path) -> None:
        """Read `source` to its end, and close it; append to `log`."""
        self._source = source
        self._log = log
        self._text = ""
        self._is_closed = False
        self._news = threading.Condition()
        self._thread = threading.Thread(target=self._read, daemon=True, name=f"console {log.stem}")
        self._thread.start()

    @property
    def text(self) -> str:
        """All that was printed since this boot."""
        with self._news:
            return self._text

    def wait_ready(self, timeout: float) -> bool:
        """Wait until the node says that it is up; False if it says that it failed, fell silent, or says nothing."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or READY in self._text or FAILED in self._text, timeout)
            return READY in self._text

    def wait_for(self, text: str, timeout: float) -> bool:
        """Wait until `text` was printed; False if it was not in `timeout` seconds or the node died."""
        with self._news:
            self._news.wait_for(lambda: self._is_closed or text in self._text, timeout)
            return text in self._text

    def join(self) -> None:
        """Wait for the end of the output of a node that is dead."""
        self._thread.join(5)

    def _read(self) -> None:
        with self._source, self._log.open("ab", buffering=0) as log:
            while chunk := os.read(self._source.fileno(), 65536):
                log.write(chunk)
                with self._news:
                    self._text += chunk.decode(errors="replace")
                    self._news.notify_all()
        with self._news:
            self._is_closed = True
            self._news.notify_all()
