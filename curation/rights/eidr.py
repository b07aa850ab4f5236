"""EIDR content identifiers: the forms met in the wild, and the check character.

Source: EIDR ID Format; ISO 7064 Mod 37,36 over the twenty hexadecimal digits.
"""

from __future__ import annotations

import re
from functools import lru_cache

from curation.rights.names import alike

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONTENT = re.compile(
    r"(?:10\.5240/|https?://(?:dx\.)?doi\.org/10\.5240/|doi:10\.5240/"
    r"|urn:eidr:10\.5240:|md:cid:eidr-s:|md:cid:eidr-x:)"
    r"(?P<digits>[0-9A-F]{4}(?:-[0-9A-F]{4}){4})-(?P<check>[0-9A-Z])(?P<extension>:.+)?",
    re.IGNORECASE,
)
_CLAIM = re.compile(r"10\.5240[/:]|\beidr-[sx]:", re.IGNORECASE)
_DIGITS = re.compile(
    r"(?P<digits>[0-9A-F]{4}(?:-[0-9A-F]{4}){4})-(?P<check>[0-9A-Z]+)", re.IGNORECASE
)
_DIGIT_GROUPS = re.compile(
    r"(?<![0-9a-f])(?P<digits>[0-9a-f]{4}(?:-?[0-9a-f]{4}){4})(?:-?[0-9a-z])?(?P<extension>:.+)?$"
)


def check_character(digits: str) -> str:
    """The ISO 7064 Mod 37,36 check character over hexadecimal digits (hyphens ignored)."""
    register = 36
    for digit in digits.replace("-", "").upper():
        register = (register + _ALPHABET.index(digit)) % 36 or 36
        register = register * 2 % 37
    return _ALPHABET[(37 - register) % 36]


def claims_content_eidr(text: str) -> bool:
    """Whether the text means to be a content EIDR, however badly it is written."""
    return _CLAIM.search(text) is not None


def normal_eidr(text: str) -> str | None:
    """The one spelling of a content EIDR: `10.5240/…`, or `md:cid:eidr-x:…:extension`.

    None where the text is no content EIDR in a known form with the right check character.
    """
    match = _CONTENT.fullmatch(text.strip())
    if match is None or not is_content_eidr(text):
        return None
    name = f"{match['digits']}-{match['check']}".upper()
    return f"md:cid:eidr-x:{name}{match['extension']}" if match["extension"] else f"10.5240/{name}"


@lru_cache(maxsize=1 << 16)
def eidr_key(text: str | None) -> str | None:
    """What two spellings of one content EIDR share; None where the text holds none.

    For telling that two works may be one: a wrong check character, other dashes or none make a bad
    EIDR, and no different one. An extension does, after a colon.
    """
    found = _DIGIT_GROUPS.search(alike(text)) if text is not None else None
    return found["digits"].replace("-", "") + (found["extension"] or "") if found else None


def eidr_failure(text: str) -> str:
    """Why a text that means to be a content EIDR is none, with the remedy."""
    found = _DIGITS.search(text)
    if found is None:
        return f"{text!r} has not five groups of four hexadecimal digits; take the id from EIDR"
    right = check_character(found["digits"])
    if found["check"].upper() != right or len(found["check"]) > 1:
        return f"{text!r} should end in {right}, not {found['check']}; take the id from EIDR"
    return f"{text!r} is in no known form of an EIDR; write 10.5240/{found[0].upper()}"


def is_content_eidr(text: str) -> bool:
    """Whether the text is a content EIDR in a known form whose check character is right.

    Only an `eidr-x` form carries an extension. Party, service and user ids identify no work.
    """
    match = _CONTENT.fullmatch(text.strip())
    if match is None:
        return False
    extended = text.strip().casefold().startswith("md:cid:eidr-x:")
    if extended != (match["extension"] is not None):
        return False
    return check_character(match["digits"]) == match["check"].upper()
