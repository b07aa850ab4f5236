"""The catalogue of taggers: what each looks at, answers, runs on and costs, as it declares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from curation.models import ModelUnavailableError
from curation.tags.protocol import Facet, Needs, Tagger, card_of, weights_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from curation.embeddings.embedder import Embedder

COMMAND: Final = "curation taggers --format markdown > docs/taggers.md"
COLUMNS: Final = ("tagger", "version", "looks at", "facets", "network", "installed", "CPU s a min")
EMBEDDERS: Final = ("embedder", "version", "what", "installed")

_HEAD: Final = f"""# Taggers

What describes a shot. This page is written from what the taggers declare; do not edit it, but run
`{COMMAND}`.

A tagger measures while the film is decoded; its labels are made of the stored numbers. Each label
comes with a confidence. In SQL a facet is `family.facet.label`, `.confidence` or `.<measure>` of
`tagged_shots`; the family is the tagger's name up to its first dot. What each tagger cost on your
films, in CPU seconds for a minute of film, is shown by `curation taggers`. Another package adds a
tagger by an entry point of the group `curation.taggers`.
"""

_EMBEDDERS: Final = """## Embedders

What makes vectors of shots, for `curation search` and near duplicates, is no tagger: it answers
nothing by itself. Another package adds one by an entry point of the group `curation.embedders`.
`open_clip`, which reads words too, is one where `CURATION_OPEN_CLIP` names its network.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tagger as the catalogue shows it.

    `missing` says what to install before its networks run; `cost` is in CPU seconds for a minute of
    film, None where no film of the store says it.
    """

    tagger: Tagger
    missing: tuple[str, ...] = field(default=())
    cost: float | None = None

    def cells(self) -> tuple[str | float | None, ...]:
        """One value for each of `COLUMNS`."""
        networks = weights_of(self.tagger)
        return (
            self.tagger.name,
            self.tagger.version,
            looks_at(self.tagger.needs),
            ", ".join(facet.name for facet in self.tagger.facets),
            ", ".join(dict.fromkeys(f"{one.package} ({one.licence})" for one in networks)),
            "; ".join(dict.fromkeys(self.missing)) or ("yes" if networks else ""),
            None if self.cost is None else round(self.cost, 2),
        )

    def to_json(self) -> dict[str, Any]:
        """All of it as JSON; `networks` says of each whose it is and what installs it."""
        tagger, card = self.tagger, card_of(self.tagger)
        needs = tagger.needs
        return {
            "name": tagger.name,
            "what": what(tagger),
            "version": tagger.version,
            "label_version": tagger.label_version,
            "needs": {name: getattr(needs, name) for name in needs.__slots__},
            "facets": [
                {"name": one.name, "labels": list(one.labels), "measures": dict(one.measures)}
                for one in tagger.facets
            ],
            "networks": [
                {
                    "package": one.package,
                    "file": one.file,
                    "licence": one.licence,
                    "sha256": one.sha256,
                    "remedy": one.remedy,
                }
                for one in weights_of(tagger)
            ],
            "missing": list(self.missing),
            "cpu_s_per_minute": self.cost,
            "card": card.to_json() if card else None,
        }


def entries(taggers: Iterable[Tagger], costs: Mapping[str, float]) -> list[Entry]:
    """The taggers with what they lack here and what they cost.

    Raises `TypeError` where a tagger's weights or card are none.
    """
    return [
        Entry(tagger, tuple(_missing(tagger)), costs.get(tagger.name))
        for tagger in sorted(taggers, key=lambda one: one.name)
    ]


def costs(connection: DuckDBPyConnection) -> dict[str, float]:
    """CPU seconds for a minute of film, by tagger, over the films that say what it cost."""
    rows = connection.execute(
        """
        WITH paid AS (
            SELECT unnest(map_entries(tagger_cpu_s)) AS one, duration_s
            FROM films WHERE status = 'analysed' AND duration_s > 0
        )
        SELECT one.key, 60 * sum(one.value) / sum(duration_s) FROM paid GROUP BY 1
        """
    ).fetchall()
    return dict(rows)


def looks_at(needs: Needs) -> str:
    """What a tagger is shown, in words."""
    if needs.sound:
        return "the sound"
    wide = f"at most {needs.width} wide"
    if needs.per_shot is not None:
        return f"{needs.per_shot} stills of each shot, {wide}".replace("1 stills", "1 still")
    rate = "every frame" if needs.per_second is None else f"{needs.per_second:g} frames a second"
    return f"{rate}, {wide}" + (", with the one before" if needs.pairs else "")


def what(made: Tagger | Embedder) -> str:
    """The first sentence that its maker wrote of it; empty where there is none."""
    said = (type(made).__doc__ or "").strip().partition("\n\n")[0]
    return " ".join(said.split())


def embedder_cells(embedder: Embedder) -> tuple[str, ...]:
    """One value for each of `EMBEDDERS`."""
    version, missing = _installed(embedder)
    return embedder.name, version or "", what(embedder), missing or "yes"


def embedder_json(embedder: Embedder) -> dict[str, Any]:
    """All of it as JSON; `missing` says what to install before it runs."""
    version, missing = _installed(embedder)
    return {
        "name": embedder.name,
        "what": what(embedder),
        "version": version,
        "width": embedder.width,
        "reads_words": hasattr(type(embedder), "embed_words"),
        "missing": [] if missing is None else [missing],
    }


def _installed(embedder: Embedder) -> tuple[str | None, str | None]:
    """Its version, or what it lacks."""
    try:
        return embedder.version, None
    except ModelUnavailableError as error:
        return None, str(error)


def markdown(shown: Iterable[Entry], embedders: Iterable[Embedder] = ()) -> str:
    """The catalogue as a page, which says nothing of this machine or of any store."""
    pages = [_HEAD, *(line for entry in shown for line in _section(entry))]
    if known := [f"- `{one.name}`: {what(one)}" for one in embedders]:
        pages += [_EMBEDDERS, *known, ""]
    return "\n".join(pages)


def _missing(tagger: Tagger) -> Iterator[str]:
    for one in weights_of(tagger):
        try:
            one.path()
        except ModelUnavailableError as error:
            yield str(error)


def _section(entry: Entry) -> Iterator[str]:
    tagger, card = entry.tagger, card_of(entry.tagger)
    yield f"## {tagger.name}\n"
    yield f"{what(tagger)}\n"
    yield f"- Looks at: {looks_at(tagger.needs)}"
    yield f"- Version: {tagger.version}; of its labels: {tagger.label_version}"
    for one in weights_of(tagger):
        yield f"- Network: `{one.file}` of `{one.package}`, {one.licence}; {one.remedy}"
    if card is not None:
        yield from (f"- {_title(name)}: {value}" for name, value in _plain(card.data))
    yield "\n| facet | labels | measures |\n| --- | --- | --- |"
    for facet in tagger.facets:
        measures = "; ".join(f"`{name}`: {unit}" for name, unit in _grouped(facet))
        yield f"| {facet.name} | {', '.join(facet.labels)} | {measures} |".replace("  ", " ")
    if card is not None and card.facets:
        yield "\nOn pictures held out (the most likely label, however unsure):\n"
        yield "| facet | scenes | pictures | scores |\n| --- | ---: | ---: | --- |"
        for name, held in card.facets.items():
            pictures = sum(map(sum, held.confusion))
            scores = ", ".join(f"{score} {value:.3g}" for score, value in _numbers(held.scores))
            yield f"| {name} | {held.scenes} | {pictures} | {scores} |"
    yield ""


def _grouped(facet: Facet) -> Iterator[tuple[str, str]]:
    """Its measures with their units; the probabilities of its labels as one."""
    likely = {f"p_{label}" for label in facet.labels}
    yield from ((name, unit) for name, unit in facet.measures.items() if name not in likely)
    if likely & set(facet.measures):
        yield "p_<label>", "probability"


def _plain(data: Mapping[str, Any]) -> Iterator[tuple[str, str | int]]:
    yield from ((name, value) for name, value in data.items() if isinstance(value, str | int))


def _numbers(scores: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in scores.items():
        if isinstance(value, int | float) and name not in ("frames", "scenes"):
            yield name.replace("_", " "), value


def _title(name: str) -> str:
    return {"what": "Made on", "trained_by": "Made by", "data_sha256": "SHA-256 of that"}.get(
        name, name.replace("_", " ").capitalize()
    )
