"""Every reason a decision can carry: its outcome, what it means and what would cure it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Outcome(StrEnum):
    """The answer; DENY > REVIEW > ALLOW, and only ALLOW ships."""

    ALLOW = "ALLOW"
    REVIEW = "REVIEW"
    DENY = "DENY"


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason code. A code met as `CODE:detail` is the reason `CODE`."""

    code: str
    outcome: Outcome
    meaning: str
    cure: str


_DENY = (
    (
        "NO_GRANT",
        "No executed grant in force is on record for this work.",
        "Obtain a grant, and record it once it is executed.",
    ),
    (
        "PURPOSE_NOT_GRANTED",
        "The grant does not name this action or one above it.",
        "Amend the grant's actions.",
    ),
    (
        "LICENSEE_NOT_GRANTED",
        "The grant is made out to another party or group.",
        "Obtain a grant for this licensee or put it on the frozen list of the group.",
    ),
    (
        "TERRITORY_NOT_GRANTED",
        "The grant does not reach this territory, or the territory code is unknown.",
        "Extend the grant's territory or correct the code.",
    ),
    (
        "TERRITORY_EXCLUDED",
        "The grant expressly excludes this territory.",
        "Have the exclusion lifted.",
    ),
    (
        "TERRITORY_PARTIAL",
        "The grant reaches a part of the territory only, and grants are never pieced together.",
        "Ask for the parts granted, or extend the grant to the whole.",
    ),
    (
        "WINDOW_NOT_OPEN",
        "The window has not opened when the use begins, or hangs on a date nobody has fixed.",
        "Wait for the start, or have the date fixed.",
    ),
    ("WINDOW_EXPIRED", "The window closed before the use begins.", "Renew the grant."),
    (
        "WINDOW_DOES_NOT_COVER_USE",
        "The window covers a part of the use interval only.",
        "Shorten the use or extend the window.",
    ),
    (
        "GRANT_REVOKED",
        "The grant is revoked before the use ends.",
        "Obtain a new grant, or end the use before the revocation.",
    ),
    (
        "GRANT_OTHER_VERSION",
        "The grant is for another version of the work and does not reach down to this one.",
        "Have the grant extended to this version or to all edits.",
    ),
    (
        "SPAN_NOT_GRANTED",
        "The grant covers other frames.",
        "Ask for the frames granted, or extend the grant.",
    ),
    (
        "COMPONENT_NOT_GRANTED",
        "The grant does not cover a component that is kept, or the component is unknown.",
        "Redact the component or extend the grant.",
    ),
    (
        "LICENCE_NONCOMMERCIAL",
        "The licence bars commercial use.",
        "Obtain commercial terms, or make the use non-commercial.",
    ),
    (
        "HOLDBACK_ACTIVE",
        "A holdback or embargo overlaps the use.",
        "Wait for its end, or have it name the grant as an exception.",
    ),
    (
        "CARVED_OUT",
        "The contract carves this material or use out.",
        "Have the carve-out amended.",
    ),
    (
        "RIGHTSHOLDER_OPT_OUT",
        "The rightsholder has opted out of this use.",
        "Have the opt-out name the grant as an exception, or withdrawn.",
    ),
    (
        "EXCLUSIVE_TO_OTHER",
        "Another party holds this right exclusively.",
        "Obtain its waiver, naming the grant as an exception.",
    ),
    (
        "LEGAL_HOLD",
        "The work is under a legal hold.",
        "Have counsel release the hold.",
    ),
    (
        "DUTY_UNFULFILLED",
        "A duty owed before the use is not known to be fulfilled.",
        "Fulfil it and record when.",
    ),
    (
        "THIRD_PARTY_PROHIBITED",
        "The licence of embedded third-party material bars this use.",
        "Cut or redact the material, or clear it with its owner.",
    ),
    (
        "THIRD_PARTY_SILENT",
        "The licence of embedded third-party material permits nothing to this licensee.",
        "Cut or redact the material, or clear it with its owner.",
    ),
    (
        "CONSENT_MISSING",
        "A performer in the span has given no consent for this work.",
        "Obtain and record the consent.",
    ),
    (
        "CONSENT_REFUSED",
        "A performer in the span has refused.",
        "Leave the performer out; a refusal beats every consent.",
    ),
    (
        "CONSENT_PENDING",
        "A performer in the span has been asked and has not answered.",
        "Wait for the answer.",
    ),
    (
        "CONSENT_WITHDRAWN",
        "A performer's consent is withdrawn before the use ends.",
        "Leave the performer out, or obtain and record a new consent.",
    ),
    (
        "CONSENT_PURPOSE_NOT_COVERED",
        "The performer's consent does not name this action.",
        "Obtain consent for the action.",
    ),
    (
        "CONSENT_FACET_NOT_COVERED",
        "The performer's consent does not cover the face, body or voice in the span.",
        "Obtain consent for the facet, or redact its component.",
    ),
    (
        "CONSENT_LICENSEE_NOT_COVERED",
        "The performer's consent is made out to another party.",
        "Obtain consent for this licensee.",
    ),
    (
        "CONSENT_WINDOW",
        "The performer's consent does not run for the whole use.",
        "Extend the consent or shorten the use.",
    ),
    (
        "SIGNAL_NOT_ALLOWED",
        "A machine-readable signal on the asset reserves this use, or says what nobody can read.",
        "Clear it with who set the signal, and record that the grant overrides it.",
    ),
    (
        "SIGNAL_CONSTRAINED",
        "A machine-readable signal allows this use under conditions only.",
        "Clear it with who set the signal, and record that the grant overrides it.",
    ),
)
_REVIEW = (
    (
        "WINDOW_AMBIGUOUS",
        "The window covers the use in one reading of its dates and not in another.",
        "Record the time zone and the end convention of the source.",
    ),
    (
        "LICENCE_UNKNOWN",
        "The licence is no SPDX id that this engine can read.",
        "Correct the id, or let counsel read the licence.",
    ),
    (
        "LICENCE_SHARE_ALIKE",
        "The licence asks that adaptations carry the same terms.",
        "Let counsel decide whether the result is an adaptation.",
    ),
    (
        "LICENCE_NO_DERIVATIVES",
        "The licence does not allow adaptations to be shared.",
        "Let counsel decide whether the result is an adaptation.",
    ),
    (
        "TARGET_NOT_EDIT_LEVEL",
        "The asset is known as a title only, so nobody can say which frames it holds.",
        "Identify the edit.",
    ),
    (
        "APPEARANCE_NOT_SURVEYED",
        "Nobody has finished looking for performers in this edit.",
        "Complete the appearance survey.",
    ),
    (
        "FACE_WITHOUT_APPEARANCE",
        "A face was detected in frames in which no appearance records one: the survey has a gap.",
        "Look at the shot and record who appears, or that nobody can be identified.",
    ),
    (
        "EMBEDDED_NOT_SURVEYED",
        "Nobody has finished looking for third-party material in this edit.",
        "Complete the survey of embedded material.",
    ),
    (
        "PERFORMER_UNIDENTIFIED",
        "A person in the span is not identified for certain.",
        "Identify the person, or leave the span out.",
    ),
    (
        "ACTION_UNKNOWN",
        "The request or a rule names an action that this engine does not know.",
        "Correct the action.",
    ),
    (
        "EIDR_CHECK_FAILED",
        "The EIDR of the work or of one above it is not a valid content identifier.",
        "Correct the EIDR against the registry.",
    ),
)

REASONS: Mapping[str, Reason] = MappingProxyType(
    {
        **{code: Reason(code, Outcome.DENY, meaning, cure) for code, meaning, cure in _DENY},
        **{code: Reason(code, Outcome.REVIEW, meaning, cure) for code, meaning, cure in _REVIEW},
    }
)
"""Every reason by its code, in the order in which a decision lists them."""

_RANK = {code: rank for rank, code in enumerate(REASONS)}
_SEVERITY = {Outcome.ALLOW: 0, Outcome.REVIEW: 1, Outcome.DENY: 2}


def reason_of(code: str) -> Reason:
    """The reason behind a code, with or without a detail (`DUTY_UNFULFILLED:NOTICE`).

    Raises:
        KeyError: no such reason.
    """
    return REASONS[code.partition(":")[0]]


def ordered(codes: Iterable[str]) -> tuple[str, ...]:
    """The distinct codes in the order of `REASONS`, details alphabetically."""
    return tuple(sorted(set(codes), key=lambda code: (_RANK[code.partition(":")[0]], code)))


def severity(codes: Iterable[str]) -> int:
    """0 where nothing stands against, 1 for review, 2 for denial."""
    return max((_SEVERITY[reason_of(code).outcome] for code in codes), default=0)


def outcome_of(codes: Iterable[str]) -> Outcome:
    """The outcome that the reasons add up to."""
    return (Outcome.ALLOW, Outcome.REVIEW, Outcome.DENY)[severity(codes)]
