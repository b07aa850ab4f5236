"""Public licences by SPDX identifier, read for use as training material.

Source: SPDX licence list 3.27, its Creative Commons identifiers, ported ones included; they match
without regard to case. Everything else is a lawyer's question: an expression (`A OR B`: counsel
picks the licence), `LicenseRef-…`, and `CC-PDDC`, which its steward has withdrawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_PUBLIC_DOMAIN = frozenset({"CC0", "CC0-1.0", "PDM", "PDM-1.0", "CC-PDM-1.0"})
_VERSIONS = ("1.0", "2.0", "2.5", "3.0", "4.0")
_PORTS: Mapping[str, tuple[str, ...]] = {
    "BY": ("2.5-AU", "3.0-AT", "3.0-AU", "3.0-DE", "3.0-IGO", "3.0-NL", "3.0-US"),
    "BY-NC": ("3.0-DE",),
    "BY-NC-ND": ("3.0-DE", "3.0-IGO"),
    "BY-NC-SA": ("2.0-DE", "2.0-FR", "2.0-UK", "3.0-DE", "3.0-IGO"),
    "BY-ND": ("3.0-DE",),
    "BY-SA": ("2.0-UK", "2.1-JP", "3.0-AT", "3.0-DE", "3.0-IGO"),
}


def _identifiers() -> Iterator[tuple[str, frozenset[str]]]:
    for terms, ports in _PORTS.items():
        for version in (*_VERSIONS, *ports):
            yield f"CC-{terms}-{version}", frozenset(terms.split("-"))
    yield "CC-BY-ND-NC-1.0", frozenset({"BY", "ND", "NC"})


_TERMS: Mapping[str, frozenset[str]] = dict(_identifiers())


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
    terms = _TERMS.get(name)
    if terms is None:
        return LicenceReading(("LICENCE_UNKNOWN",))
    failures = []
    if "NC" in terms and commercial:
        failures.append("LICENCE_NONCOMMERCIAL")
    if "SA" in terms:
        failures.append("LICENCE_SHARE_ALIKE")
    if "ND" in terms:
        failures.append("LICENCE_NO_DERIVATIVES")
    return LicenceReading(tuple(failures), attribution=True)
