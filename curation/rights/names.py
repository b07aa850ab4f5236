"""Names that a person would take for one: `Lab-A`, `lab-a`, `LAB -A`."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

SEVERAL = re.compile(r"[,;|\r\n]")
"""What people put between names that they write into one."""


@lru_cache(maxsize=1 << 16)
def alike(name: str) -> str:
    """The name without what a typist may change unseen: case, blanks, width, marks unprinted.

    What bars a use compares names so; what permits one compares them letter by letter.
    """
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    seen = (one for one in plain if unicodedata.category(one) not in ("Cf", "Cc", "Zs"))
    return "".join("-" if unicodedata.category(one) == "Pd" else one for one in seen)


@lru_cache(maxsize=1 << 16)
def likenesses(name: str) -> frozenset[str]:
    """What bars a use is known by: the name, and where it may be several in one, each of them.

    `Lab A; Lab B` was meant to bar two parties, and would bar nobody.
    """
    return frozenset(filter(None, map(alike, (name, *SEVERAL.split(name)))))
