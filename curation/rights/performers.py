"""The people seen and heard in the span, and whether each has agreed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from curation.rights import actions, parties
from curation.rights.reasons import severity
from curation.rights.rows import COMPONENTS, Appearance, Consent, row_name
from curation.rights.scope import Evidence, Finding, Scope
from curation.rights.spans import Span
from curation.rights.surveys import survey_of
from curation.rights.windows import Window, resolve_window

_HEARD_OR_SEEN_IN: Mapping[str, frozenset[str]] = {
    "FACE": frozenset({"picture"}),
    "BODY": frozenset({"picture"}),
    "VOICE": frozenset(COMPONENTS) - {"picture"},
}

Settled = tuple[tuple[Finding, ...], tuple[str, ...]]
"""What a performer has against the use, and the consents relied on."""


def appearance_survey(scope: Scope) -> Evidence:
    """What the survey of appearances says: it must be complete whatever has been found."""
    survey = survey_of(scope, "APPEARANCE")
    if survey is None:
        return Evidence((Finding("APPEARANCE_NOT_SURVEYED"),))
    return Evidence(relied=(survey,))


def appearance_evidence(
    seen: Appearance, scope: Scope, settled: dict[tuple[str, str], Settled]
) -> Evidence | None:
    """What one appearance has against the use; None where it is on no component kept.

    FACE and BODY are in the picture. VOICE is in every sound component: a voice also sings in the
    music and breathes in the effects, and no appearance says on which stems it was heard, so that
    taking out the dialogue alone does not take out the voice. A CANDIDATE identity is REVIEW, yet
    a refusal by the candidate counts. `settled` remembers, per person and facet, what they said.
    """
    kept = _HEARD_OR_SEEN_IN[seen.facet] & scope.request.kept
    if not kept or not seen.visible(scope.request.known_at):
        return None
    row = (row_name(seen),)
    if seen.party_id is None or seen.identity != "CONFIRMED":
        refusals = _refusals(scope, seen.party_id, seen.facet) if seen.party_id else []
        against = [Finding(found.code, row + found.rows) for found in refusals]
        return Evidence((Finding("PERFORMER_UNIDENTIFIED", row), *against))
    key = seen.party_id, seen.facet
    if key not in settled:
        findings, consents = _settle(scope, *key)
        settled[key] = tuple(findings), tuple(consents)
    said, relied = settled[key]
    return Evidence(tuple(Finding(found.code, row + found.rows) for found in said), relied)


def face_evidence(seen: Span, scope: Scope) -> Evidence | None:
    """What a face detected in these frames has against the use; None where a row records one there.

    The picture knows of a face, not whose it is. Any FACE of the work or of one above it that
    shares a frame accounts for it; a complete survey does not, for the picture contradicts it.
    """
    if not scope.lineage or not _HEARD_OR_SEEN_IN["FACE"] & scope.request.kept:
        return None
    for work_id in scope.ancestor_ids:
        for row in scope.book.appearances_in(work_id, seen):
            if row.facet == "FACE" and row.visible(scope.request.known_at):
                return None
    return _UNRECORDED


_UNRECORDED = Evidence((Finding("FACE_WITHOUT_APPEARANCE"),))


def _settle(scope: Scope, party_id: str, facet: str) -> tuple[list[Finding], list[str]]:
    """Refusals first, then withdrawals, then the one consent that covers all or comes closest.

    A row of state WITHDRAWN ends every consent it touches from `withdrawn_at` on; to take the
    performer back in, retire it. A `withdrawn_at` on a GRANTED row ends that consent alone.
    """
    against = _refusals(scope, party_id, facet) or _withdrawals(scope, party_id, facet)
    if against:
        return against, []
    best: tuple[tuple[int, int], Consent, tuple[str, ...]] | None = None
    for consent in scope.book.consents_of(party_id):
        if not consent.visible(scope.request.known_at):
            continue
        if consent.work_id is not None and consent.work_id not in scope.ancestor_ids:
            continue
        codes = tuple(_failures(consent, scope, facet))
        rank = severity(codes), len(codes)
        if best is None or rank < best[0]:
            best = rank, consent, codes
    if best is None:
        return [Finding("CONSENT_MISSING")], []
    _, consent, codes = best
    name = row_name(consent)
    return [Finding(code, (name,)) for code in codes], [] if codes else [name]


def _spoken(scope: Scope, party_id: str) -> Iterator[Consent]:
    """What was said by anyone whom the id may mean: a refusal is not lost to a capital letter."""
    for consent in scope.book.consents_alike(party_id):
        if consent.visible(scope.request.known_at):
            yield consent


def _refusals(scope: Scope, party_id: str, facet: str) -> list[Finding]:
    """Refusals at their widest: whatever the use touches by an instant, a facet, an action."""
    return [
        Finding("CONSENT_REFUSED", (row_name(consent),))
        for consent in _spoken(scope, party_id)
        if consent.state == "REFUSED"
        and _touches(consent, scope, facet)
        and _window(consent).possible.overlaps(scope.request.use_from, scope.request.use_until)
        and (consent.withdrawn_at is None or scope.request.use_from < consent.withdrawn_at)
    ]


def _withdrawals(scope: Scope, party_id: str, facet: str) -> list[Finding]:
    return [
        Finding("CONSENT_WITHDRAWN", (row_name(consent),))
        for consent in _spoken(scope, party_id)
        if consent.state == "WITHDRAWN"
        and _touches(consent, scope, facet)
        and (consent.withdrawn_at is None or consent.withdrawn_at < scope.request.use_until)
    ]


def _touches(consent: Consent, scope: Scope, facet: str) -> bool:
    request = scope.request
    return (
        (consent.work_id is None or consent.work_id in scope.related_ids)
        and (not consent.facets or facet in consent.facets)
        and parties.barred(scope.book, consent.licensee, request.licensee, request.known_at)
        and (
            not consent.actions
            or actions.bars(consent.actions, request.action)
            or not all(map(actions.is_known, consent.actions))
        )
    )


def _failures(consent: Consent, scope: Scope, facet: str) -> Iterator[str]:
    """Why this consent does not cover the facet, action, licensee and the whole use.

    A state other than GRANTED and NOT_REQUIRED fails as such. WITHDRAWN gets here only where it
    was withdrawn after the use, and was a consent until then. NOT_REQUIRED is a finding about the
    person, so what it leaves out does not limit it; a GRANTED consent covers only what it names.
    """
    request = scope.request
    if consent.state == "PENDING":
        yield "CONSENT_PENDING"
        return
    if consent.state not in ("GRANTED", "NOT_REQUIRED", "WITHDRAWN"):
        yield "CONSENT_MISSING"
        return
    lenient = consent.state == "NOT_REQUIRED"
    if consent.withdrawn_at is not None and consent.withdrawn_at < request.use_until:
        yield "CONSENT_WITHDRAWN"
    if not (facet in consent.facets or (lenient and not consent.facets)):
        yield "CONSENT_FACET_NOT_COVERED"
    if not (actions.permits(consent.actions, request.action) or (lenient and not consent.actions)):
        understood = all(map(actions.is_known, (request.action, *consent.actions)))
        yield "CONSENT_PURPOSE_NOT_COVERED" if understood else "ACTION_UNKNOWN"
    named = parties.permitted(scope.book, consent.licensee, request.licensee, request.known_at)
    if not (named or (lenient and consent.licensee is None)):
        yield "CONSENT_LICENSEE_NOT_COVERED"
    window = _window(consent).permission_failure(request.use_from, request.use_until)
    if window is not None:
        yield window if window == "WINDOW_AMBIGUOUS" else "CONSENT_WINDOW"


def _window(consent: Consent) -> Window:
    """A consent states no zone and no convention: every zone, and both meanings of its end."""
    return resolve_window(consent.start, consent.end)
