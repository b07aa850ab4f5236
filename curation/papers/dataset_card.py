"""The dataset card: YAML that the Hugging Face Hub reads, and Markdown that people do.

Fields of the YAML as in https://github.com/huggingface/hub-docs/blob/main/datasetcard.md, headings
as in the Hub's template for dataset cards (sections that nothing is known for are left out).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import yaml

from curation.papers.facts import Facts
from curation.papers.markdown import code, plain, table
from curation.papers.purposes import licensed_for
from curation.papers.terms import IN_WORDS, Terms

_SIZES: Final = (
    (10**3, "n<1K"),
    (10**4, "1K<n<10K"),
    (10**5, "10K<n<100K"),
    (10**6, "100K<n<1M"),
    (10**7, "1M<n<10M"),
    (10**8, "10M<n<100M"),
    (10**9, "100M<n<1B"),
    (10**10, "1B<n<10B"),
)
_SPLITS: Final = {"val": "validation"}
"""What the Hub calls a split of ours."""


def card(
    manifest: Mapping[str, Any],
    facts: Facts,
    terms: Terms,
    taggers: Mapping[str, Mapping[str, Any]],
) -> str:
    """README.md.

    Args:
        taggers: the card of each tagger whose tags travel, by name.
    """
    head = yaml.safe_dump(_metadata(manifest, facts, terms), sort_keys=False, allow_unicode=True)
    request = manifest["recipe"]["request"]
    duties = ", ".join(f"{code(name)} ({phase})" for name, phase in terms.duties) or "none"
    return f"""---
{head}---

# {plain(manifest["release_id"])}

{plain(manifest["recipe"]["description"] or manifest["recipe"]["name"])}

{facts.all.samples} clips, {facts.all.hours:.3f} hours, of {len(facts.works)} works; each \
clip is one shot of a film, with {"a still, " if facts.stills else ""}its tags, its rights \
decision and its provenance.

- **Curated by:** {plain(manifest["issuer"])}
- **Licensed to:** {plain(terms.licensee)}, under `LICENSE.md`
- **Known at:** {manifest["known_at"]} (rulebook {code(manifest["rulebook_sha256"][:16])}, code \
{plain(manifest["code_version"])})

## Uses

### Direct Use

{terms.use.capitalize()}, in {", ".join(map(plain, request["territories"]))}, from \
{request["use_from"]} until {request["use_until"]}. Duties: {duties}; every copy is deleted by \
the end.

### Out-of-Scope Use

{"; ".join(IN_WORDS[action] for action in terms.reserved)}. None of these is licensed, whatever a \
split is called.

## Dataset Structure

{_splits(facts, terms)}
`shards/*.tar` are WebDataset shards (a sample: `json`, `mp4`{", `jpg`" if facts.stills else ""}); \
`parquet/` holds the same rows as tables, one file a shard. Frame sizes: {_frames(facts)}.

## Dataset Creation

### Data Collection and Processing

Films were cut into shots, tagged, asked of the rights gate shot by shot, and chosen by the recipe \
{code(manifest["recipe_sha256"][:16])}. What was left out:

{_left_out(manifest)}
`left_out.parquet` lists each of these shots with its frames and all its reasons.

### Annotation process

All tags are made by machine. A confusion says how often a label comes out for each truth on what \
the tagger's maker held out; the whole of it is in `cards/`.

{_taggers(taggers)}
#### Counts by label

{_labels(facts)}
### Personal and Sensitive Information

Clips may show and name people. The performer gate was {code(manifest["performer_gate"])}: each \
appearance on record had to be covered by a consent under that setting. Who appears is not part of \
the release; who is credited is, in `LICENSE.md`.

## Bias, Risks, and Limitations

The clips are what one library holds, was cleared and passed the recipe, not a sample of film as \
such. Machine tags err at the rates above; on films unlike those measured they may err more.

{_remarks(manifest)}

## Citation

{code(manifest["release_id"])}, {plain(manifest["issuer"])}, {manifest["known_at"][:10]}.
"""


def _metadata(manifest: Mapping[str, Any], facts: Facts, terms: Terms) -> dict[str, Any]:
    generative = terms.action.startswith("train_gen") or terms.action in ("train", "use_ai")
    names = {split: _SPLITS.get(split, split) for split in sorted(facts.splits)}
    return {
        "license": "other",
        "license_name": manifest["release_id"],
        "license_link": "LICENSE.md",
        "pretty_name": manifest["release_id"],
        "language": ["en"],
        "annotations_creators": ["machine-generated"],
        "source_datasets": ["original"],
        "size_categories": [size_category(facts.all.samples)],
        "task_categories": ["text-to-video" if generative else "video-classification"],
        "tags": ["video", "film", "shots", "lighting", "webdataset", "croissant"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": name, "path": f"parquet/split={split}/*.parquet"}
                    for split, name in names.items()
                ],
            }
        ],
    }


def size_category(samples: int) -> str:
    """The Hub's name for a number of samples."""
    return next((name for below, name in _SIZES if samples < below), "10B<n<100B")


def _splits(facts: Facts, terms: Terms) -> str:
    rows = [
        (
            *(code(split), str(tally.samples), f"{tally.hours:.3f}"),
            *(str(len(facts.works_in[split])), code(terms.action), licensed_for(split, terms)),
        )
        for split, tally in sorted(facts.splits.items())
    ]
    return table(("Split", "Samples", "Hours", "Works", "Asked for", "What it is for"), rows)


def _remarks(manifest: Mapping[str, Any]) -> str:
    """What was said when the release was planned."""
    said = "\n".join(f"- {plain(remark)}" for remark in manifest.get("remarks", ()))
    return said or "Nothing was remarked when it was planned."


def _frames(facts: Facts) -> str:
    return ", ".join(
        f"{width} by {height} ({count})" for (width, height), count in sorted(facts.sizes.items())
    )


def _left_out(manifest: Mapping[str, Any]) -> str:
    rows = [
        (plain(line["station"]), code(line["reason"]), str(line["shots"]))
        for line in manifest["excluded"]
    ]
    return table(("Station", "Reason", "Shots"), rows) or "Nothing.\n"


def _taggers(taggers: Mapping[str, Mapping[str, Any]]) -> str:
    rows = []
    for name, said in sorted(taggers.items()):
        versions = ", ".join(said.get("label_versions") or ())
        measured = (said.get("card") or {}).get("facets") or {}
        for facet in sorted({*(said.get("facets") or {}), *measured}):
            rows.append((code(name), plain(versions), code(facet), _rate(measured.get(facet))))
        if not said.get("facets"):
            rows.append((code(name), plain(versions), "", "not known"))
    return table(("Tagger", "Version", "Facet", "Right on what was held out"), rows)


def _rate(measured: Mapping[str, Any] | None) -> str:
    """The share of a confusion that lies on its diagonal."""
    confusion = (measured or {}).get("confusion") or []
    total = sum(map(sum, confusion))
    if not total:
        return "not measured"
    right = sum(row[at] for at, row in enumerate(confusion))
    return f"{right / total:.1%} of {total}"


def _labels(facts: Facts) -> str:
    rows = [
        (
            code(f"{family}.{facet}"),
            ", ".join(f"{plain(label)} {count}" for label, count in _by_count(counted)),
        )
        for family, facets in sorted(facts.labels.items())
        for facet, counted in sorted(facets.items())
    ]
    return table(("Facet", "Samples by label"), rows)


def _by_count(counted: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))
