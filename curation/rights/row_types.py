"""The tables of a rulebook: what each row may say, declared once.

Every field carries its specification in the metadata of its dataclass field; `TABLES` is derived
from it, and readers of JSON, CSV and columnar tables are driven by `TABLES`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from curation.rights.windows import END_CONVENTIONS

Span = tuple[int, int]
"""Frames `[first, past-last)`."""


class FieldKind(StrEnum):
    """How a field's value is written, and what it becomes in a row."""

    TEXT = "TEXT"
    """str"""
    INTEGER = "INTEGER"
    """int"""
    BOOLEAN = "BOOLEAN"
    """bool"""
    INSTANT = "INSTANT"
    """ISO 8601 with its offset -> datetime in UTC"""
    WINDOW_DATE = "WINDOW_DATE"
    """a date, a date with a time, `Open`, `TBD` and the like -> str, kept as written"""
    SPAN = "SPAN"
    """[first, past-last) -> Span"""
    LIST = "LIST"
    """a list of text, or one text -> tuple[str, ...]; empty and absent are the same"""
    MAP = "MAP"
    """an object -> tuple[tuple[str, str], ...] sorted by key"""
    INSTRUMENT = "INSTRUMENT"
    """an object such as {contract_id, sha256}, or the contract's id alone -> as MAP"""
    DUTIES = "DUTIES"
    """a list of {code, phase, fulfilled_at} -> tuple[Duty, ...]"""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a table; `choices` limits a text, or each item of a list."""

    name: str
    kind: FieldKind
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its row type, its fields in order and the fields that identify a row."""

    name: str
    row_type: type[Row]
    fields: tuple[Field, ...]
    key: tuple[str, ...]


def _spec(kind: FieldKind, *choices: str, required: bool = False) -> dict[str, Any]:
    return {"kind": kind, "required": required, "choices": choices}


_NAME = _spec(FieldKind.TEXT, required=True)
_TEXT = _spec(FieldKind.TEXT)
_INSTANT = _spec(FieldKind.INSTANT)
_DATE = _spec(FieldKind.WINDOW_DATE)
_LIST = _spec(FieldKind.LIST)
_FLAG = _spec(FieldKind.BOOLEAN)
_SPAN = _spec(FieldKind.SPAN)

LEVELS: tuple[str, ...] = ("series", "season", "title", "edit", "manifestation")
COMPONENTS: tuple[str, ...] = ("picture", "dialogue", "music", "effects")
FACETS: tuple[str, ...] = ("FACE", "BODY", "VOICE")
PHASES: tuple[str, ...] = ("PRE", "DURING", "POST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What every row has: since when it was known, and until when.

    A correction retires the old version and records a new one with the same key. Absent
    `recorded_at` means always known, absent `retired_at` still believed.
    """

    recorded_at: datetime | None = field(default=None, metadata=_INSTANT)
    retired_at: datetime | None = field(default=None, metadata=_INSTANT)

    def visible(self, known_at: datetime) -> bool:
        """Whether the row was believed at that instant."""
        return (self.recorded_at is None or self.recorded_at <= known_at) and (
            self.retired_at is None or known_at < self.retired_at
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Work(Row):
    """A node of the catalogue: a series down to a manifestation."""

    work_id: str = field(metadata=_NAME)
    level: str = field(metadata=_spec(FieldKind.TEXT, *LEVELS, required=True))
    parent_id: str | None = field(default=None, metadata=_TEXT)
    eidr: str | None = field(default=None, metadata=_TEXT)
    title: str | None = field(default=None, metadata=_TEXT)
    year: int | None = field(default=None, metadata=_spec(FieldKind.INTEGER))


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """Something owed under a grant; without a phase it is read as PRE."""

    code: str = field(metadata=_NAME)
    phase: str | None = field(default=None, metadata=_spec(FieldKind.TEXT, *PHASES))
    fulfilled_at: datetime | None = field(default=None, metadata=_INSTANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule(Row):
    """One permission or prohibition of a contract, notice or statute.

    What a rule leaves out is read narrowly in a PERMIT and widely in a PROHIBIT: without actions,
    assignee, territories or status a PERMIT reaches nothing and a PROHIBIT everything. Without
    window, span or components both hold throughout. Actions are an open vocabulary: one that the
    engine does not know leads to REVIEW, never to ALLOW.
    """

    rule_id: str = field(metadata=_NAME)
    effect: str = field(metadata=_spec(FieldKind.TEXT, "PERMIT", "PROHIBIT", required=True))
    kind: str = field(
        metadata=_spec(
            FieldKind.TEXT,
            "GRANT",
            "HOLDBACK",
            "CARVE_OUT",
            "EMBARGO",
            "OPT_OUT",
            "LEGAL_HOLD",
            required=True,
        )
    )
    work_id: str = field(metadata=_NAME)
    inherit: str | None = field(
        default=None, metadata=_spec(FieldKind.TEXT, "THIS_ONLY", "ALL_EDITS")
    )
    actions: tuple[str, ...] = field(default=(), metadata=_LIST)
    assignee: str | None = field(default=None, metadata=_TEXT)
    territory_include: tuple[str, ...] = field(default=(), metadata=_LIST)
    territory_exclude: tuple[str, ...] = field(default=(), metadata=_LIST)
    start: str | None = field(default=None, metadata=_DATE)
    end: str | None = field(default=None, metadata=_DATE)
    time_zone: str | None = field(default=None, metadata=_TEXT)
    end_convention: str | None = field(
        default=None, metadata=_spec(FieldKind.TEXT, *END_CONVENTIONS)
    )
    candidate_time_zones: tuple[str, ...] = field(default=(), metadata=_LIST)
    span: Span | None = field(default=None, metadata=_SPAN)
    components: tuple[str, ...] = field(default=(), metadata=_spec(FieldKind.LIST, *COMPONENTS))
    exclusive: bool = field(default=False, metadata=_FLAG)
    except_for: tuple[str, ...] = field(default=(), metadata=_LIST)
    supersedes: tuple[str, ...] = field(default=(), metadata=_LIST)
    overrides_signal: bool = field(default=False, metadata=_FLAG)
    status: str | None = field(
        default=None, metadata=_spec(FieldKind.TEXT, "DRAFT", "EXECUTED", "TERMINATED")
    )
    duties: tuple[Duty, ...] = field(default=(), metadata=_spec(FieldKind.DUTIES))
    licence: str | None = field(default=None, metadata=_TEXT)
    revoked_at: datetime | None = field(default=None, metadata=_INSTANT)
    instrument: tuple[tuple[str, str], ...] = field(
        default=(), metadata=_spec(FieldKind.INSTRUMENT)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyGroup(Row):
    """A frozen list of parties; an affiliate not on it is not in it."""

    group_id: str = field(metadata=_NAME)
    members: tuple[str, ...] = field(default=(), metadata=_LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Appearance(Row):
    """A person seen or heard over a span (none: throughout); no identity means UNIDENTIFIED."""

    work_id: str = field(metadata=_NAME)
    span: Span | None = field(default=None, metadata=_SPAN)
    party_id: str | None = field(default=None, metadata=_TEXT)
    facet: str = field(metadata=_spec(FieldKind.TEXT, *FACETS, required=True))
    identity: str | None = field(
        default=None, metadata=_spec(FieldKind.TEXT, "CONFIRMED", "CANDIDATE", "UNIDENTIFIED")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent(Row):
    """What a performer said. No work means all works.

    Other limits left out are read narrowly in GRANTED (it covers nothing there) and widely in
    every other state.
    """

    party_id: str = field(metadata=_NAME)
    state: str = field(
        metadata=_spec(
            FieldKind.TEXT,
            "GRANTED",
            "REFUSED",
            "WITHDRAWN",
            "PENDING",
            "NOT_REQUIRED",
            "UNKNOWN",
            required=True,
        )
    )
    work_id: str | None = field(default=None, metadata=_TEXT)
    actions: tuple[str, ...] = field(default=(), metadata=_LIST)
    licensee: str | None = field(default=None, metadata=_TEXT)
    facets: tuple[str, ...] = field(default=(), metadata=_spec(FieldKind.LIST, *FACETS))
    start: str | None = field(default=None, metadata=_DATE)
    end: str | None = field(default=None, metadata=_DATE)
    withdrawn_at: datetime | None = field(default=None, metadata=_INSTANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbeddedMaterial(Row):
    """A third party's material inside the work; no span or component means all of it.

    `kind` is an open vocabulary (MUSIC_SYNC, MUSIC_MASTER, STOCK_FOOTAGE, ARCHIVE_CLIP, STILL,
    ARTWORK, TRADEMARK, NEWS, LOCATION, …). No `ai_status` means UNKNOWN.
    """

    work_id: str = field(metadata=_NAME)
    span: Span | None = field(default=None, metadata=_SPAN)
    component: str | None = field(default=None, metadata=_spec(FieldKind.TEXT, *COMPONENTS))
    kind: str = field(metadata=_NAME)
    ai_status: str | None = field(
        default=None,
        metadata=_spec(FieldKind.TEXT, "PERMIT", "PROHIBIT", "SILENT", "UNKNOWN"),
    )
    licensees: tuple[str, ...] = field(default=(), metadata=_LIST)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(Row):
    """A machine-readable declaration that travels with the asset."""

    work_id: str = field(metadata=_NAME)
    scheme: str = field(
        metadata=_spec(
            FieldKind.TEXT, "CAWG", "C2PA", "PLUS", "TDMREP", "RSL", "AIPREF", required=True
        )
    )
    entries: tuple[tuple[str, str], ...] = field(
        default=(), metadata=_spec(FieldKind.MAP, required=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey(Row):
    """That someone looked; not complete until `completed_at`."""

    work_id: str = field(metadata=_NAME)
    kind: str = field(metadata=_spec(FieldKind.TEXT, "APPEARANCE", "EMBEDDED", required=True))
    completed_at: datetime | None = field(default=None, metadata=_INSTANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant(Row):
    """Who made the work and shares in it; no clearance is decided from it."""

    work_id: str = field(metadata=_NAME)
    party_id: str = field(metadata=_NAME)
    role: str = field(metadata=_NAME)
    name: str | None = field(default=None, metadata=_TEXT)
    guild: str | None = field(default=None, metadata=_TEXT)
    share_basis: str | None = field(default=None, metadata=_TEXT)
    payee_id: str | None = field(default=None, metadata=_TEXT)


def fields_of(row_type: type[Row] | type[Duty]) -> tuple[Field, ...]:
    """The declared fields of a row type, the bitemporal pair last."""
    own = [
        Field(item.name, item.metadata["kind"], item.metadata["required"], item.metadata["choices"])
        for item in dataclasses.fields(row_type)
    ]
    return tuple(sorted(own, key=lambda item: item.name in ("recorded_at", "retired_at")))


def _table(name: str, row_type: type[Row], *key: str) -> Table:
    return Table(name, row_type, fields_of(row_type), key)


TABLES: Mapping[str, Table] = MappingProxyType(
    {
        table.name: table
        for table in (
            _table("works", Work, "work_id"),
            _table("rules", Rule, "rule_id"),
            _table("party_groups", PartyGroup, "group_id"),
            _table("appearances", Appearance, "work_id", "span", "party_id", "facet"),
            _table(
                "consents",
                Consent,
                "party_id",
                "state",
                "work_id",
                "actions",
                "licensee",
                "facets",
                "start",
                "end",
            ),
            _table("embedded_material", EmbeddedMaterial, "work_id", "span", "component", "kind"),
            _table("surveys", Survey, "work_id", "kind"),
            _table("signals", Signal, "work_id", "scheme"),
            _table("participants", Participant, "work_id", "party_id", "role"),
        )
    }
)
"""Every table of a rulebook by its name in JSON."""
