"""What a provider of a general-purpose model needs of this release for its public summary.

Article 53(1)(d) of Regulation (EU) 2024/1689; Commission Communication C(2025) 8311, "Explanatory
Notice and Template for the Public Summary of Training Content": section 1.3 asks for modalities,
each with one of three ranges of size, and says that audio which is part of video counts as video;
section 2.2.1 asks for datasets licensed by rightsholders. The summary is of a model, so that these
are its parts from one release: sizes of several add up, and then fall into a range.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from curation.papers.facts import Facts
from curation.papers.provenance import listed_since

RANGES: Final[Mapping[str, tuple[str, tuple[int, int], tuple[str, str, str]]]] = {
    "text": (
        "tokens",
        (10**9, 10**13),
        (
            "Less than 1 billion tokens",
            "1 billion to 10 trillion tokens",
            "More than 10 trillion tokens",
        ),
    ),
    "image": (
        "images",
        (10**6, 10**9),
        (
            "Less than 1 million images",
            "1 million to 1 billion images",
            "More than 1 billion images",
        ),
    ),
    "audio": (
        "hours",
        (10**4, 10**6),
        ("Less than 10 000 hours", "10 000 to 1 million hours", "More than 1 million hours"),
    ),
    "video": (
        "hours",
        (10**4, 10**6),
        ("Less than 10 000 hours", "10 000 to 1 million hours", "More than 1 million hours"),
    ),
}
"""Section 1.3: each modality's unit, the two bounds between its ranges, and their names."""


def size_range(modality: str, size: float) -> str:
    """The range of section 1.3 that a size falls into; a bound itself is in the middle one."""
    _, (low, high), names = RANGES[modality]
    return names[0] if size < low else names[1] if size <= high else names[2]


def summary(manifest: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    """The parts of the summary, as JSON."""
    modalities = {"video": _modality("video", facts.all.hours, "Shots of films, as clips")}
    if facts.stills:
        what = "Still pictures, each the middle frame of a clip counted under video"
        modalities["image"] = _modality("image", facts.stills, what)
    if facts.words:
        what = "English sentences made by machine, on the lighting of each clip"
        modalities["text"] = {
            "size": None,
            "unit": "tokens",
            "range": None,
            "in_another_unit": f"{facts.words} words in {facts.captions} captions",
            "types_of_content": what,
        }
    return {
        "template": "C(2025) 8311",
        "release_id": manifest["release_id"],
        "1.3": {
            "modalities": modalities,
            **_latest(manifest, facts),
            "video_by_split_hours": {
                split: tally.hours for split, tally in sorted(facts.splits.items())
            },
        },
        "2.2.1": {
            "licensed_by_rightsholders": True,
            "modalities": sorted(modalities.keys() - {"text"}),
            "licensor": manifest["issuer"],
            "licensee": manifest["recipe"]["request"]["licensee"],
            "works": len(facts.works),
        },
    }


def _latest(manifest: Mapping[str, Any], facts: Facts) -> dict[str, str]:
    """The day on which the last of the films came into the catalog; nothing unless it is known of
    each."""
    since = listed_since(manifest)
    if not facts.assets or not facts.assets.keys() <= since.keys():
        return {}
    return {"latest_date_of_acquisition": max(since[asset] for asset in facts.assets)[:10]}


def _modality(name: str, size: float, what: str) -> dict[str, Any]:
    return {
        "size": size,
        "unit": RANGES[name][0],
        "range": size_range(name, size),
        "types_of_content": what,
    }
