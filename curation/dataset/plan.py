"""The plan of a release: every sample with all that is known of it, before anything is cut.

A plan lies in the staging area, one folder a release, and is the only thing that the tasks which
cut and pack need to read. The release's id is drawn from what goes into it, so that the same inputs
lead to the same plan, and a release that exists already is recognised before any work is done.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias

import curation
from curation.dataset.recipe import Recipe, instant
from curation.dataset.selection import Selection
from curation.dataset.selection.decisions import decision_rows, register_rights
from curation.dataset.selection.spans import frames_sql
from curation.dataset.streams import batches
from curation.rights import PerformerGate, Rulebook
from curation.storage import Place, StorageError
from curation.tables.store import Store, canonical_json, rows_of

if TYPE_CHECKING:
    import pyarrow as pa
    from duckdb import DuckDBPyConnection

FORMAT_VERSION = 3
"""2: the cards of taggers are files of the release; 3: so are remarks, and the frames of what is
left out."""

_GROUP = 8192
"""Rows of a plan's samples that are read together."""
_NOT_CONTENT = ("work_key", "asset_path")
"""Columns of ``tagged_shots`` that say how or where, not what: kept out of samples."""


Caption: TypeAlias = Callable[[Mapping[str, Any]], str]
"""A sentence from one tagger's column of a sample: facets, each with label and confidence."""


class ReleaseError(Exception):
    """A release that cannot be made; the message says why and what would help."""


@dataclass(frozen=True)
class Plan:
    """A release to be made.

    Attributes:
        release_id: name of the recipe and a digest of everything that shapes the bytes.
        films: content of the films to cut from, each with the place of its bytes.
        shards: names of the shards, ``<split>-<bucket>-<number>``.
        cards: what is known of each tagger whose tags travel, by name.
        remarks: what must be said of the selection, to whoever reads of the release.
    """

    release_id: str
    recipe: Recipe
    known_at: datetime
    rulebook_sha256: str
    performer_gate: PerformerGate
    films: dict[str, str]
    shards: tuple[str, ...]
    samples: int
    cards: dict[str, Mapping[str, Any]]
    remarks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return {
            "format": FORMAT_VERSION,
            "release_id": self.release_id,
            "recipe": self.recipe.model_dump(mode="json"),
            "known_at": instant(self.known_at),
            "rulebook_sha256": self.rulebook_sha256,
            "performer_gate": self.performer_gate.value,
            "films": self.films,
            "shards": list(self.shards),
            "samples": self.samples,
            "cards": self.cards,
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Plan:
        """The plan that was written.

        Raises:
            ReleaseError: for one that another version of this code wrote.
        """
        if data.get("format") != FORMAT_VERSION:
            raise ReleaseError(
                f"the plan of {data.get('release_id')} has format {data.get('format', 2)}; this "
                f"code reads {FORMAT_VERSION}. Plan the release again"
            )
        return cls(
            release_id=data["release_id"],
            recipe=Recipe.model_validate(data["recipe"]),
            known_at=datetime.fromisoformat(data["known_at"]),
            rulebook_sha256=data["rulebook_sha256"],
            performer_gate=PerformerGate(data["performer_gate"]),
            films=data["films"],
            shards=tuple(data["shards"]),
            samples=data["samples"],
            cards=data["cards"],
            remarks=tuple(data["remarks"]),
        )


def refuse_past_use(recipe: Recipe, now: datetime) -> None:
    """Nobody can license what is over.

    Raises:
        ReleaseError: when the interval of use has ended by ``now``.
    """
    if recipe.request.use_until <= now:
        raise ReleaseError(
            f"the use that {recipe.name} asks for ended at {instant(recipe.request.use_until)}; "
            "ask for an interval that reaches beyond now"
        )


@dataclass(frozen=True)
class Films:
    """Where the bytes of each film lie, by content; and why those of others are out of reach."""

    places: dict[str, str]
    unreachable: dict[str, str]


def find_films(connection: DuckDBPyConnection, library: Place) -> Films:
    """The catalogued films inside the library; of copies the first that may be opened.

    A path that has come to lead out of the library since it was catalogued is out of reach.
    """
    listed = connection.execute(
        "SELECT DISTINCT asset_sha256, asset_path FROM assets ORDER BY asset_path"
    ).fetchall()
    films = Films({}, {})
    for asset, path in listed:
        try:
            films.places.setdefault(asset, str(library.within(path)))
        except StorageError as error:
            films.unreachable.setdefault(asset, error.reason)
    reasons = {a: why for a, why in films.unreachable.items() if a not in films.places}
    return Films(films.places, reasons)


def make_plan(
    connection: DuckDBPyConnection,
    selection: Selection,
    recipe: Recipe,
    *,
    films: Mapping[str, str],
    rulebook: Rulebook,
    performer_gate: PerformerGate,
    known_at: datetime,
    cards: Mapping[str, Mapping[str, Any]],
    captions: Mapping[str, Caption],
) -> tuple[Plan, pa.Table]:
    """Lay out a release: the plan, and its samples in shard order.

    Args:
        films: the place of each film that was chosen from, by content.
        cards: what is known of each tagger whose tags travel, by name.
        captions: what puts a tagger's column into words, by its name; ``lighting`` makes a column
            ``lighting_caption``.

    Raises:
        ReleaseError: when no shot is left, with the reasons why.
    """
    if not selection.chosen:
        raise ReleaseError(_nothing_left(selection))
    _refuse_missed(selection)
    samples = _captioned(_samples(connection, selection, recipe, rulebook), captions)
    assets = sorted(samples.column("asset_sha256").unique().to_pylist())
    content = {
        "recipe": recipe.model_dump(mode="json"),
        "rulebook": rulebook.sha256,
        "performer_gate": performer_gate.value,
        "samples": _digest(connection, samples),
        "cards": cards,
        "remarks": list(selection.remarks),
        "code": curation.__version__,
        "format": FORMAT_VERSION,
    }
    digest = hashlib.sha256(canonical_json(content).encode()).hexdigest()
    plan = Plan(
        release_id=f"{recipe.name}-{digest[:12]}",
        recipe=recipe,
        known_at=known_at,
        rulebook_sha256=rulebook.sha256,
        performer_gate=performer_gate,
        films={asset: films[asset] for asset in assets},
        shards=tuple(selection.shards()),
        samples=samples.num_rows,
        cards=dict(cards),
        remarks=selection.remarks,
    )
    return plan, samples


def write_plan(store: Store, plan: Plan, samples: pa.Table, selection: Selection) -> None:
    """Stage a plan; the plan file is written last, so a plan that can be read is whole."""
    import pyarrow.parquet as pq

    folder = store.staging(plan.release_id)
    for part, batch in enumerate(decision_rows(selection, plan)):
        store.stage(plan.release_id, f"{part:06d}", "decisions", batch)
    for part, batch in enumerate(selection.rows(plan.release_id)):
        store.stage(plan.release_id, f"{part:06d}", "selections", batch)
    buffer = io.BytesIO()
    pq.write_table(samples, buffer, compression="zstd", row_group_size=_GROUP)
    (folder / "samples.parquet").write_bytes(buffer.getvalue())
    (folder / "plan.json").write_bytes(canonical_json(plan.to_json()).encode())


def keep_time(store: Store, plan: Plan) -> Plan:
    """The plan at the time of an attempt that was cut short, so that it ends in the same bytes."""
    if not (store.staging(plan.release_id) / "plan.json").exists():
        return plan
    return replace(plan, known_at=read_plan(store, plan.release_id).known_at)


def read_plan(store: Store, release_id: str) -> Plan:
    """The plan that was staged for a release.

    Raises:
        StorageError: when there is none.
        ReleaseError: for one that another version of this code wrote.
    """
    return Plan.from_json(json.loads((store.staging(release_id) / "plan.json").read_text()))


def read_samples(
    store: Store,
    release_id: str,
    columns: Sequence[str] | None = None,
    *,
    where: Mapping[str, str] | None = None,
) -> pa.Table:
    """The samples of a staged plan, in shard order; those only whose columns have these values.

    Of a plan of millions no more is read than the groups of rows that may hold them.
    """
    import pyarrow.parquet as pq

    conditions = [(column, "=", value) for column, value in (where or {}).items()]
    with (store.staging(release_id) / "samples.parquet").open() as stream:
        return pq.read_table(
            stream,
            columns=list(columns) if columns else None,
            filters=conditions or None,
            use_threads=False,
        )


def refuse_no_shots(connection: DuckDBPyConnection) -> None:
    """Raise `ReleaseError` of a library without shots, before it is asked about their tags."""
    if connection.execute("SELECT 1 FROM tagged_shots LIMIT 1").fetchone() is None:
        raise ReleaseError(
            "the library holds no analysed shot; run the analysis first, and see "
            "`curation status` for films that were refused or failed"
        )


def _refuse_missed(selection: Selection) -> None:
    missed = [one for one in selection.minima if one.must and not one.is_met]
    if missed:
        said = "; ".join(map(str, missed))
        raise ReleaseError(
            f"quotas.at_least is missed: {said}; ask for fewer, loosen the recipe, or say "
            "otherwise: warn"
        )


def _samples(
    connection: DuckDBPyConnection, selection: Selection, recipe: Recipe, rulebook: Rulebook
) -> pa.Table:
    register_rights(selection, recipe, rulebook)
    excluded = ", ".join(_NOT_CONTENT)
    embedding = embedded = ""
    if common := _common_embedder(connection):
        embedding = ", vectors.embedder, vectors.vector AS embedding"
        embedded = (
            "LEFT JOIN (SELECT shot_id, embedder, vector FROM embeddings "  # noqa: S608
            f"WHERE (embedder, version) = {common!r}) AS vectors USING (shot_id)"
        )
    query = f"""
        SELECT tagged_shots.* EXCLUDE ({excluded}) REPLACE (
                plan_choices.clip_id AS shot_id, plan_choices.first AS clean_start,
                plan_choices.past AS clean_end, plan_choices.first_s AS clean_start_s,
                plan_choices.past_s AS clean_end_s, plan_choices.clip_seconds AS seconds,
                plan_choices.clip_frames AS frames
            ),
            nullif(plan_choices.shot_id, plan_choices.clip_id) AS source_shot_id,
            plan_choices.sound AS has_sound, plan_choices.split, plan_choices.shard,
            plan_rights.rights{", plan_choices.crop" if recipe.clip.crop_bars else ""}{embedding}
        FROM (SELECT *, {frames_sql(recipe.clip)} AS clip_frames FROM plan_choices) AS plan_choices
        JOIN tagged_shots USING (shot_id)
        JOIN plan_rights ON plan_rights.decision = plan_choices.decision
            AND plan_rights.components = plan_choices.components
        {embedded} WHERE plan_choices.station IS NULL ORDER BY plan_choices.position
    """  # noqa: S608
    return connection.sql(query).to_arrow_table()


def _common_embedder(connection: DuckDBPyConnection) -> tuple[str, str] | None:
    """The embedder, and its version, that has described most shots; None where none has."""
    query = "SELECT embedder, version FROM embeddings GROUP BY ALL ORDER BY count(*) DESC, 1, 2"
    found = connection.execute(query).fetchall()
    return (str(found[0][0]), str(found[0][1])) if found else None


def _digest(connection: DuckDBPyConnection, samples: pa.Table) -> str:
    """A digest of what samples say, row by row in their order."""
    connection.register("plan_samples", samples)
    digest = hashlib.sha256()
    asked = "SELECT sha256(to_json(plan_samples)::VARCHAR) AS row FROM plan_samples"
    for batch in batches(connection, asked):
        digest.update("".join(batch.column(0).to_pylist()).encode())
    connection.unregister("plan_samples")
    return digest.hexdigest()


def _captioned(samples: pa.Table, captions: Mapping[str, Caption]) -> pa.Table:
    import pyarrow as pa

    for name, caption in captions.items():
        if name in samples.column_names:
            described = rows_of(samples.select([name]))
            said = [caption(row[name]) if row[name] else "" for row in described]
            samples = samples.append_column(f"{name}_caption", pa.array(said, pa.string()))
    return samples


def _nothing_left(selection: Selection) -> str:
    reasons: Sequence[str] = [
        f"{reason} ({station}): {count}"
        for (station, reason), count in selection.left_out().most_common()
    ]
    said = [
        f"none of {len(selection)} shots may go into this release. Left out: " + "; ".join(reasons)
    ]
    return ". ".join([*said, *selection.remarks])
