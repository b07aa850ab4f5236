"""The release in Croissant 1.1 (https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html).

Required and recommended properties of the dataset, every file with its SHA-256 (Resources), one
record set over the Parquet files (RecordSets), provenance and use conditions by W3C PROV-O and ODRL
(Provenance Representation, Data Use Conditions); and of Croissant RAI 1.0
(https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html) what is known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from curation.papers.facts import Facts
from curation.papers.terms import IN_WORDS, Terms, urn

VERSION: Final = "http://mlcommons.org/croissant/1.1"
RAI: Final = "http://mlcommons.org/croissant/RAI/1.0"

_TERMS: Final = (
    *("annotation", "arrayShape", "citeAs", "column", "containedIn", "equivalentProperty"),
    *("excludes", "extract", "field", "fileObject", "fileProperty", "fileSet", "format"),
    *("includes", "isArray", "isLiveDataset", "jsonPath", "key", "md5", "parentField", "path"),
    *("recordSet", "references", "regex", "repeated", "replace", "samplingRate", "sdVersion"),
    *("separator", "source", "subField", "transform", "unArchive", "value"),
)
CONTEXT: Final[Mapping[str, Any]] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "sc": "https://schema.org/",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dct": "http://purl.org/dc/terms/",
    "prov": "http://www.w3.org/ns/prov#",
    "odrl": "http://www.w3.org/ns/odrl/2/",
    "conformsTo": "dct:conformsTo",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "examples": {"@id": "cr:examples", "@type": "@json"},
    **{term: f"cr:{term}" for term in _TERMS},
}

_FORMATS: Final = {
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".md": "text/markdown",
    ".parquet": "application/x-parquet",
    ".tar": "application/x-tar",
}

_FIELDS: Final[Sequence[tuple[str, str, str, str | None, str]]] = (
    ("key", "sc:Text", "key", None, "The sample's key; its files in the tar begin with it."),
    ("work_id", "sc:Text", "work_id", None, "The edit of a work that the shot is of."),
    ("title", "sc:Text", "title", None, "What that work is called."),
    ("asset_sha256", "sc:Text", "asset_sha256", None, "The film it was cut from, by content."),
    ("first_frame", "sc:Integer", "clean_start", None, "Its first frame in that film."),
    ("past_last_frame", "sc:Integer", "clean_end", None, "The frame behind its last."),
    ("seconds", "sc:Float", "seconds", None, "Its length."),
    ("tar", "sc:Text", "clip", "$.tar", "The shard that holds its clip."),
    ("clip_sha256", "sc:Text", "clip", "$.sha256", "Of the clip's bytes."),
    ("outcome", "sc:Text", "rights", "$.outcome", "What the rights gate said: always ALLOW."),
    ("rulebook_sha256", "sc:Text", "rights", "$.rulebook_sha256", "What it said that by."),
)
"""Fields of a record: name, type, column of the Parquet files, path inside it, what it is."""


def croissant(
    manifest: Mapping[str, Any],
    facts: Facts,
    terms: Terms,
    taggers: Mapping[str, Mapping[str, Any]],
    files: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    """The description, as JSON-LD.

    Args:
        taggers: the card of each tagger whose tags travel, by name.
        files: of the release, each with ``path``, ``bytes`` and ``sha256``.
    """
    name, issuer = manifest["release_id"], manifest["issuer"]
    creator = {"@type": "sc:Organization", "name": issuer, "url": urn("party", issuer)}
    return {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [VERSION, RAI],
        "name": name,
        "description": manifest["recipe"]["description"] or manifest["recipe"]["name"],
        "url": urn("release", name),
        "license": "LICENSE.md",
        "creator": creator,
        "publisher": creator,
        "datePublished": manifest["known_at"],
        "version": "1.0.0",
        "isLiveDataset": False,
        "citeAs": f"@misc{{{name}, title={{{name}}}, year={{{manifest['known_at'][:4]}}}}}",
        "keywords": ["film", "lighting", "shots", "video"],
        "inLanguage": "en",
        "usageInfo": {"@id": urn("policy", name)},
        **_provenance(manifest, facts),
        **_responsible(manifest, facts, terms, taggers),
        "distribution": [*_objects(files), _PARQUET],
        "recordSet": [_splits(facts), _samples(facts)],
    }


def _objects(files: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for file in files:
        path = file["path"]
        yield {
            "@type": "cr:FileObject",
            "@id": path,
            "name": path,
            "contentUrl": path,
            "contentSize": f"{file['bytes']} B",
            "encodingFormat": _FORMATS.get(path[path.rfind(".") :], "application/octet-stream"),
            "sha256": file["sha256"],
        }


_PARQUET: Final = {
    "@type": "cr:FileSet",
    "@id": "rows",
    "name": "rows",
    "description": "The rows of all shards, one Parquet file a shard.",
    "encodingFormat": "application/x-parquet",
    "includes": "parquet/*/*.parquet",
}


def _splits(facts: Facts) -> dict[str, Any]:
    return {
        "@type": "cr:RecordSet",
        "@id": "splits",
        "name": "splits",
        "dataType": "cr:Split",
        "key": {"@id": "splits/name"},
        "field": [
            {
                "@type": "cr:Field",
                "@id": "splits/name",
                "name": "splits/name",
                "dataType": "sc:Text",
            }
        ],
        "data": [{"splits/name": split} for split in sorted(facts.splits)],
    }


def _samples(facts: Facts) -> dict[str, Any]:
    fields = [_field(*field) for field in _FIELDS]
    names = "|".join(sorted(facts.splits))
    split = {
        "@type": "cr:Field",
        "@id": "samples/split",
        "name": "samples/split",
        "description": "The split that it belongs to; all of a title lies in one.",
        "dataType": "sc:Text",
        "source": {
            "fileSet": {"@id": "rows"},
            "extract": {"fileProperty": "fullpath"},
            "transform": {"regex": f"parquet/split=({names})/.+\\.parquet$"},
        },
        "references": {"field": {"@id": "splits/name"}},
    }
    return {
        "@type": "cr:RecordSet",
        "@id": "samples",
        "name": "samples",
        "description": "A row a clip.",
        "key": {"@id": "samples/key"},
        "field": [*fields, split],
    }


def _field(name: str, kind: str, column: str, path: str | None, what: str) -> dict[str, Any]:
    source: dict[str, Any] = {"fileSet": {"@id": "rows"}, "extract": {"column": column}}
    if path is not None:
        source["transform"] = {"jsonPath": path}
    return {
        "@type": "cr:Field",
        "@id": f"samples/{name}",
        "name": f"samples/{name}",
        "description": what,
        "dataType": kind,
        "source": source,
    }


def _provenance(manifest: Mapping[str, Any], facts: Facts) -> dict[str, Any]:
    return {
        "prov:wasDerivedFrom": [{"@id": f"urn:sha256:{asset}"} for asset in sorted(facts.assets)],
        "prov:wasGeneratedBy": {
            "@type": "prov:Activity",
            "prov:label": f"film-curation {manifest['code_version']}",
            "prov:endedAtTime": manifest["known_at"],
        },
        "prov:wasAttributedTo": {"@type": "prov:Agent", "prov:label": manifest["issuer"]},
    }


def _responsible(
    manifest: Mapping[str, Any],
    facts: Facts,
    terms: Terms,
    taggers: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    left_out = sum(line["shots"] for line in manifest["excluded"])
    return {
        "rai:dataCollection": (
            f"{len(facts.assets)} films of the issuer's library were cut into shots. "
            f"{facts.all.samples} shots were cleared by the rights gate and chosen by the recipe "
            f"{manifest['recipe_sha256']}; {left_out} were left out, each with its reasons in "
            "left_out.parquet."
        ),
        "rai:dataCollectionType": ["Secondary Data analysis"],
        "rai:dataPreprocessingProtocol": [
            f"clip: {name} {value}"
            for name, value in sorted(manifest["recipe"]["clip"].items())
            if value is not None
        ],
        "rai:dataAnnotationProtocol": [
            f"{name}, label version {', '.join(said.get('label_versions') or ('?',))}: facets "
            f"{', '.join(sorted(said.get('facets') or ())) or 'not known'}"
            for name, said in sorted(taggers.items())
        ],
        "rai:machineAnnotationTools": [
            f"film-curation {manifest['code_version']}: {name}" for name in sorted(taggers)
        ],
        "rai:annotationsPerItem": "One label a facet, by machine.",
        "rai:dataUseCases": [terms.use],
        "rai:dataLimitations": [
            "Tags are made by machine; cards/ says how often each facet measured is wrong.",
            "Not licensed: " + "; ".join(IN_WORDS[action] for action in terms.reserved),
        ],
        "rai:dataBiases": [
            "What one library holds, was cleared and passed the recipe; no sample of film as such."
        ],
        "rai:personalSensitiveInformation": [
            "Clips may show people. Appearances on record were held against consents under the "
            f"performer gate {manifest['performer_gate']}."
        ],
        "rai:dataReleaseMaintenancePlan": (
            "A release never changes. What is withdrawn is left out of the next one."
        ),
    }
