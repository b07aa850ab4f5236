"""A release to look at: what is in it, what was left out, in figures and in one page of HTML.

The page holds its pictures and plots itself and asks nothing of the network: it opens from disk,
anywhere, and its content policy forbids it to load or run anything.
"""

from __future__ import annotations

import base64
import html
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from curation.dataset.manifest import Manifest, read_manifest
from curation.dataset.verify.row_check import read_rows
from curation.papers.facts import Facts, Row
from curation.storage import Place, StorageError

MOST_STILLS: Final = 400
"""Of one page; of more samples every so manyth is shown."""
STILL_HEIGHT: Final = 108
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
LENGTHS: Final = (1, 2, 4, 8, 16, 32, 60)
"""Seconds at which one bar of the plot of lengths ends and the next begins."""


@dataclass(frozen=True)
class Release:
    """A release as it was read: its manifest, its counts, and what of each sample is shown."""

    manifest: Manifest
    facts: Facts
    samples: tuple[Row, ...]

    @property
    def lengths(self) -> Counter[int]:
        """Samples by the bar of `LENGTHS` that they belong to."""
        return Counter(sum(row["seconds"] >= edge for edge in LENGTHS) for row in self.samples)

    def funnel(self) -> list[tuple[str, str, int]]:
        """Lines (station, reason, shots) of what was left out, then of what is in."""
        out = self.manifest.data["excluded"]
        lines = [(line["station"], line["reason"], line["shots"]) for line in out]
        return [*lines, ("released", "", self.manifest.samples)]

    def splits(self) -> list[tuple[str, int, float, int]]:
        """Split, samples, hours, works."""
        return [
            (split, tally.samples, tally.hours, len(self.facts.works_in[split]))
            for split, tally in sorted(self.facts.splits.items())
        ]

    def labels(self, family: str) -> list[tuple[str, str, int]]:
        """Facet, label and samples of one family of taggers, the commonest first."""
        facets = self.facts.labels.get(family, {})
        return [
            (facet, label, count)
            for facet, counted in sorted(facets.items())
            for label, count in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
        ]


def read_release(place: Place) -> Release:
    """Read a release from its folder alone.

    Raises:
        ReleaseError: when there is none.
        StorageError: when the rows of a shard cannot be read.
    """
    manifest = read_manifest(place)
    facts, kept = Facts(), []
    for shard in manifest.shards:
        rows, faults = read_rows(place, manifest, shard)
        if rows is None:
            raise StorageError(f"{place}: {faults[0]}; see `curation verify {place}`")
        for row in rows:
            facts.add(shard.split, row)
            kept.append(_shown(shard.split, row))
    return Release(manifest, facts, tuple(kept))


def page(place: Place, release: Release) -> Iterator[str]:
    """The page, in pieces; stills are read from the shards as it is written."""
    data, facts = release.manifest.data, release.facts
    request = data["recipe"]["request"]
    name = _text(release.manifest.release_id)
    yield (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>{_STYLE}</style></head><body>\n<h1>{name}</h1>\n"
        f"<p>{_text(data['recipe'].get('description') or '')}</p>\n"
    )
    yield _definitions(
        {
            "Clips": f"{facts.all.samples} ({facts.all.hours:.3f} h) of {len(facts.works)} works",
            "Licensed to": request.get("licensee", ""),
            "For": f"{request.get('action', '')} in {', '.join(request.get('territories', ()))}",
            "Use": f"{request.get('use_from', '')} until {request.get('use_until', '')}",
            "Known at": data.get("known_at", ""),
            "Rulebook": data["rulebook_sha256"],
            "Manifest": release.manifest.sha256,
        }
    )
    if remarks := data.get("remarks"):
        lines = "".join(f"<li>{_text(remark)}</li>" for remark in remarks)
        yield f"<h2>Remarks</h2>\n<ul>{lines}</ul>\n"
    yield "<h2>Funnel</h2>\n"
    yield _bars((f"{s} {r}".strip(), n) for s, r, n in release.funnel())
    yield "<h2>Splits</h2>\n"
    yield _bars(
        (f"{split}, {works} works", samples) for split, samples, _, works in release.splits()
    )
    yield "<h2>Lengths</h2>\n"
    yield _bars((_length(at), release.lengths[at]) for at in range(len(LENGTHS) + 1))
    for family in sorted(facts.labels):
        yield f"<h2>{_text(family.capitalize())}</h2>\n<div class='facets'>\n"
        facets = facts.labels[family]
        for facet in sorted(facets):
            counted = sorted(facets[facet].items(), key=lambda pair: (-pair[1], pair[0]))
            yield f"<section><h3>{_text(facet)}</h3>\n{_bars(counted)}</section>\n"
        yield "</div>\n"
    yield from _sheets(place, release)
    yield "</body></html>\n"


def _sheets(place: Place, release: Release) -> Iterator[str]:
    step = max(1, -(-len(release.samples) // MOST_STILLS))
    chosen = release.samples[::step]
    said = "" if step == 1 else f", one in {step} of {len(release.samples)} shown"
    yield f"<h2>Clips{said}</h2>\n"
    if not release.manifest.still:
        yield "<p>This release was made without stills.</p>\n"
        return
    by_work: dict[str, list[Row]] = {}
    for row in chosen:
        by_work.setdefault(row["work_id"], []).append(row)
    for work, rows in sorted(by_work.items()):
        title = release.facts.titles[work]
        yield f"<h3>{_text(title)} <small>{_text(work)}</small></h3>\n<div class='sheet'>\n"
        ordered = sorted(rows, key=lambda row: int(row["clean_start"]))
        for row, still in zip(ordered, _stills(place, ordered), strict=True):
            yield _figure(row, still)
        yield "</div>\n"


def _figure(row: Row, still: str | None) -> str:
    said = f"{row['split']} {row['seconds']:.2f} s {row['said']}"
    picture = f'<img alt="" src="{still}">' if still else "<p>no picture</p>"
    caption = f"<figcaption><b>{_text(row['key'][:12])}</b> {_text(said)}</figcaption>"
    return f"<figure>{picture}{caption}</figure>\n"


def _stills(place: Place, rows: Sequence[Row]) -> Iterator[str | None]:
    """The still of each row as the URL of a small JPEG; None where the tar does not give it."""
    found: dict[str, str | None] = {}
    for tar in sorted({row["tar"] for row in rows}):
        wanted = {f"{row['key']}.jpg": row["key"] for row in rows if row["tar"] == tar}
        try:
            with (place / tar).open() as stream, tarfile.open(fileobj=stream) as members:
                for member in members:
                    if member.name in wanted and (data := members.extractfile(member)):
                        found[wanted[member.name]] = _small(data.read())
        except (tarfile.TarError, OSError, StorageError):
            continue
    for row in rows:
        yield found.get(row["key"])


def _small(data: bytes) -> str | None:
    import cv2
    import numpy as np

    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    if picture is None:
        return None
    height, width = picture.shape[:2]
    size = (max(1, round(width * STILL_HEIGHT / height)), STILL_HEIGHT)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, 80])[1].tobytes()
    return f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"


def _shown(split: str, row: Row) -> Row:
    return {
        "split": split,
        "key": row["key"],
        "work_id": row["work_id"],
        "clean_start": row["clean_start"],
        "seconds": row["seconds"],
        "tar": row["clip"]["tar"],
        "said": row.get("lighting_caption") or "",
    }


def _length(at: int) -> str:
    if at == len(LENGTHS):
        return f"{LENGTHS[-1]} s and more"
    return f"under {LENGTHS[0]} s" if not at else f"{LENGTHS[at - 1]} to {LENGTHS[at]} s"


def _definitions(pairs: Mapping[str, Any]) -> str:
    inside = "".join(f"<dt>{_text(k)}</dt><dd>{_text(v)}</dd>" for k, v in pairs.items())
    return f"<dl>{inside}</dl>\n"


_ROW, _LABEL, _BAR, _WIDE = 22, 300, 320, 700


def _bars(counted: Iterable[tuple[str, int]]) -> str:
    """A plot of counts, one bar a line, as SVG."""
    lines = list(counted)
    most = max((count for _, count in lines), default=0) or 1
    drawn = []
    for at, (label, count) in enumerate(lines):
        middle = at * _ROW + 15
        width = _BAR * count / most
        drawn.append(
            f'<text class="label" x="{_LABEL - 8}" y="{middle}">{_text(label)}</text>'
            f'<rect x="{_LABEL}" y="{at * _ROW + 4}" width="{width:.1f}" height="14"/>'
            f'<text x="{_LABEL + width + 6:.1f}" y="{middle}">{count}</text>'
        )
    height = len(lines) * _ROW + 4
    return f'<svg viewBox="0 0 {_WIDE} {height}" role="img">{"".join(drawn)}</svg>\n'


def _text(value: Any) -> str:
    return html.escape(str(value))


_STYLE: Final = """
:root { color-scheme: light dark;
 --ink: #1d1f24; --soft: #666c78; --ground: #fbfbfa; --bar: #4a6fa5 }
@media (prefers-color-scheme: dark) {
 :root { --ink: #e6e6e8; --soft: #9a9fab; --ground: #17181b; --bar: #7da2d6 }
}
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--ground);
 max-width: 1180px; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { margin-top: 2.2rem; font-size: 1.15rem } h3 { font-size: 1rem }
small, figcaption { color: var(--soft); font-weight: 400 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
svg { width: 100%; max-width: 700px; height: auto; font: 13px system-ui, sans-serif }
svg text { fill: var(--ink) } svg rect { fill: var(--bar) } svg .label { text-anchor: end }
.facets { display: grid; grid-template-columns: repeat(auto-fill, minmax(420px, 1fr)); gap: 0 2rem }
.sheet { display: flex; flex-wrap: wrap; gap: .8rem }
figure { margin: 0; width: 192px } figure img { width: 192px; display: block }
figcaption { font-size: 12px }
"""
