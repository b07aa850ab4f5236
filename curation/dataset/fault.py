"""What a release can be found to be guilty of."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in a release that is not as its manifest says: the file, the sample, what."""

    file: str
    what: str
    sample: str | None = None

    def __str__(self) -> str:
        at = f" sample {self.sample}" if self.sample else ""
        return f"{self.file}{at}: {self.what}"
