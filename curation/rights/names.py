"""Names that a person would take for one: `Lab-A`, `lab-a`, `LAB -A`."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1 << 16)
def alike(name: str) -> str:
    """The name without what a typist may change unseen: case, blanks, width, marks unprinted.

    What bars a use compares names so; what permits one compares them letter by letter.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = (one for one in plain if unicodedata.category(one) not in ("Cf", "Cc", "Zs"))
    return "".join("-" if unicodedata.category(one) == "Pd" else one for one in seen)
