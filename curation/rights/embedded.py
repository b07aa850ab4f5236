"""Third parties' material inside the work: each piece kept must be permitted to this licensee."""

from __future__ import annotations

from curation.rights import parties
from curation.rights.rows import EmbeddedMaterial, row_name
from curation.rights.scope import Evidence, Finding, Scope
from curation.rights.surveys import survey_of


def embedded_survey(scope: Scope) -> Evidence:
    """What the survey of embedded material says: it must be complete whatever has been found."""
    survey = survey_of(scope, "EMBEDDED")
    if survey is None:
        return Evidence((Finding("EMBEDDED_NOT_SURVEYED"),))
    return Evidence(relied=(survey,))


def embedded_evidence(piece: EmbeddedMaterial, scope: Scope) -> Evidence | None:
    """What one piece has against the use; None where it is on no component kept.

    A permission that does not list the licensee is silent about it.
    """
    if not piece.visible(scope.request.known_at) or not _kept(piece, scope):
        return None
    name = row_name(piece)
    if piece.ai_status == "PROHIBIT":
        return Evidence((Finding("THIRD_PARTY_PROHIBITED", (name,)),))
    if piece.ai_status == "PERMIT" and _permitted(piece, scope):
        return Evidence(relied=(name,))
    return Evidence((Finding("THIRD_PARTY_SILENT", (name,)),))


def _kept(piece: EmbeddedMaterial, scope: Scope) -> bool:
    return piece.component is None or piece.component in scope.request.kept


def _permitted(piece: EmbeddedMaterial, scope: Scope) -> bool:
    request = scope.request
    return any(
        parties.permitted(scope.book, named, request.licensee, request.known_at)
        for named in piece.licensees
    )
