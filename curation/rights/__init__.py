"""The rights engine: may this span be used for that, by whom, where, when?

Pure functions over an immutable rulebook, default-deny. It is no legal advice: guild and statute
facts are rows with an approval, never code.
"""

from curation.rights.actions import ACTIONS, PerformerGate
from curation.rights.case import Case, open_case
from curation.rights.decide import decide
from curation.rights.decision import ENGINE_VERSION, Decision, OwedDuty
from curation.rights.eidr import is_content_eidr
from curation.rights.pieces import Piece, clear_spans, clear_work
from curation.rights.reasons import REASONS, Outcome, Reason, reason_of
from curation.rights.request import Request, RequestError
from curation.rights.rows import (
    TABLES,
    Appearance,
    Consent,
    Duty,
    EmbeddedMaterial,
    Field,
    FieldKind,
    Participant,
    PartyGroup,
    Row,
    RowError,
    Rule,
    Signal,
    Survey,
    Table,
    Work,
    parse_row,
    row_name,
    row_to_json,
)
from curation.rights.rulebook import Rulebook, RulebookError
from curation.rights.windows import Window, WindowError, resolve_window

__all__ = [
    "ACTIONS",
    "ENGINE_VERSION",
    "REASONS",
    "TABLES",
    "Appearance",
    "Case",
    "Consent",
    "Decision",
    "Duty",
    "EmbeddedMaterial",
    "Field",
    "FieldKind",
    "Outcome",
    "OwedDuty",
    "Participant",
    "PartyGroup",
    "PerformerGate",
    "Piece",
    "Reason",
    "Request",
    "RequestError",
    "Row",
    "RowError",
    "Rule",
    "Rulebook",
    "RulebookError",
    "Signal",
    "Survey",
    "Table",
    "Window",
    "WindowError",
    "Work",
    "clear_spans",
    "clear_work",
    "decide",
    "is_content_eidr",
    "open_case",
    "parse_row",
    "reason_of",
    "resolve_window",
    "row_name",
    "row_to_json",
]
