"""EIDR content identifiers: the forms met in the wild, and the check character.

Source: EIDR ID Format; ISO 7064 Mod 37,36 over the twenty hexadecimal digits.
"""

from __future__ import annotations

import re

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_CONTENT = re.compile(
    r"(?:10\.5240/|https?://(?:dx\.)?doi\.org/10\.5240/|doi:10\.5240/"
    r"|urn:eidr:10\.5240:|md:cid:eidr-s:|md:cid:eidr-x:)"
    r"(?P<digits>[0-9A-F]{4}(?:-[0-9A-F]{4}){4})-(?P<check>[0-9A-Z])(?P<extension>:.+)?",
    re.IGNORECASE,
)


def check_character(digits: str) -> str:
    """The ISO 7064 Mod 37,36 check character over hexadecimal digits (hyphens ignored)."""
    register = 36
    for digit in digits.replace("-", "").upper():
        register = (register + _ALPHABET.index(digit)) % 36 or 36
        register = register * 2 % 37
    return _ALPHABET[(37 - register) % 36]


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
