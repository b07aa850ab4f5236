"""Public licences by SPDX identifier, read for use as training material.

Source: SPDX licence list (`CC0-1.0`, `CC-PDM-1.0`, `CC-PDDC`, `CC-BY[-NC][-ND|-SA]-<version>`);
identifiers match without regard to case. An expression (`A OR B`) is not recognised: counsel
picks the licence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_PUBLIC_DOMAIN = frozenset({"CC0", "CC0-1.0", "PDM", "PDM-1.0", "CC-PDM-1.0", "CC-PDDC"})
_CREATIVE_COMMONS = re.compile(
    r"CC-BY(?P<terms>(-NC|-ND|-SA)*)-(1\.0|2\.0|2\.1|2\.5|3\.0|4\.0)(-[A-Z]{2,3})?"
)


@dataclass(frozen=True, slots=True)
class LicenceReading:
    """What stands against the use under a licence, and whether it must be attributed."""

    failures: tuple[str, ...] = ()
    attribution: bool = False


def read_licence(licence: str | None, *, commercial: bool) -> LicenceReading:
    """Read a licence for a use; no licence stated means the contract's own terms.

    Share-alike and no-derivatives terms are a lawyer's question whatever the action: whether a
    model or its output is an adaptation is not settled.
    """
    if licence is None:
        return LicenceReading()
    name = licence.strip().upper()
    if name in _PUBLIC_DOMAIN:
        return LicenceReading()
    match = _CREATIVE_COMMONS.fullmatch(name)
    if match is None:
        return LicenceReading(("LICENCE_UNKNOWN",))
    terms = set(match["terms"].split("-")) - {""}
    failures = []
    if "NC" in terms and commercial:
        failures.append("LICENCE_NONCOMMERCIAL")
    if "SA" in terms:
        failures.append("LICENCE_SHARE_ALIKE")
    if "ND" in terms:
        failures.append("LICENCE_NO_DERIVATIVES")
    return LicenceReading(tuple(failures), attribution=True)
