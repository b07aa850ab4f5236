"""The provenance record: Data & Trust Alliance, Data Provenance Standards 1.0.0.

https://github.com/Data-and-Trust-Alliance/DPS, section 4 (source, provenance, use), 7.1 to 7.4
(codes). What nobody stated is not made up: where a film was shot is the code
for an unknown country (``ZZ``, Unicode CLDR), no regulation is said to have been evaluated, and a
film of which the catalog knows no date has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from curation.papers.facts import Facts
from curation.papers.terms import Terms, urn

_CODES: Final = "https://dataandtrustalliance.org/DPS/CodeSystem"
UNKNOWN_COUNTRY: Final = "ZZ"

_USE: Final = {
    "evaluate": "ai-evaluation",
    "train_gen_finetune": "ai-alignment",
    "train_gen_pretrain": "ai-pre-training",
}
"""Actions that have a code of their own in 7.3; all others are ``ai-other`` with a description."""


def record(manifest: Mapping[str, Any], facts: Facts, terms: Terms) -> dict[str, Any]:
    """The record of a release, as JSON."""
    issuer = [{"name": manifest["issuer"]}]
    since = listed_since(manifest)
    formats = ["application/vnd.apache.parquet", "application/x-tar", "video/mp4"]
    if facts.stills:
        formats.append("image/jpeg")
    return {
        "source": {
            "version": "1.0.0",
            "title": manifest["release_id"],
            "id": urn("release", manifest["release_id"]),
            "issuer": issuer,
            "description": manifest["recipe"]["description"] or manifest["recipe"]["name"],
        },
        "provenance": {
            "origin-geography": [{"country": UNKNOWN_COUNTRY}],
            "date": manifest["known_at"],
            "generation-method": [
                {
                    "code": "other-na",
                    "system": f"{_CODES}/Method",
                    "description": (
                        "Films of the issuer's library were cut into their shots; clips hold the "
                        "frames of one shot each. Tags are by machine "
                        f"(film-curation {manifest['code_version']})."
                    ),
                }
            ],
            "format": formats,
            "sub-provenance": [
                _film(asset, work, since.get(asset)) for asset, work in sorted(facts.assets.items())
            ],
        },
        "use": {
            "license": ["LICENSE.md", "policy.odrl.json"],
            "intended-purpose": [
                {
                    "code": _USE.get(terms.action, "ai-other"),
                    "system": f"{_CODES}/Use",
                    "description": terms.use,
                }
            ],
            "processing-included": [_place(code) for code in terms.territories if code != "001"],
        },
    }


def listed_since(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Since when the issuer's catalog lists each film, by content; those of which it is known."""
    return {
        source["asset_sha256"]: source["listed_since"]
        for source in manifest.get("sources", ())
        if source.get("listed_since") is not None
    }


def _film(asset: str, work: str, date: str | None) -> dict[str, Any]:
    """One film that clips were cut from; known by its content, never by a path.

    Its date is since when the issuer's catalog lists it; nobody states when it was shot.
    """
    return {
        "source": f"urn:sha256:{asset}",
        "origin-geography": [{"country": UNKNOWN_COUNTRY}],
        **({} if date is None else {"date": date}),
        "generation-method": [
            {
                "code": "other-na",
                "system": f"{_CODES}/Method",
                "description": f"Film of the issuer's library, work {work}",
            }
        ],
    }


def _place(code: str) -> dict[str, str]:
    """A territory, ISO 3166-1 or a part of one by ISO 3166-2."""
    country, _, part = code.partition("-")
    return {"country": country, "state": code} if part else {"country": country}
