"""Third parties' material inside the work: each piece kept must be permitted to this licensee."""

from __future__ import annotations

from curation.rights import parties
from curation.rights.rows import EmbeddedMaterial, row_name
from curation.rights.scope import Finding, Scope
from curation.rights.surveys import survey_of


def embedded_findings(scope: Scope) -> tuple[list[Finding], list[str]]:
    """What embedded material has against the use, and the names of the rows relied on.

    Pieces on components that are not kept do not count. A permission that does not list the
    licensee is silent about it. A survey must be complete whatever has been found.
    """
    findings: list[Finding] = []
    relied: list[str] = []
    survey = survey_of(scope, "EMBEDDED")
    if survey is None:
        findings.append(Finding("EMBEDDED_NOT_SURVEYED"))
    else:
        relied.append(survey)
    for work_id in scope.related_ids:
        for piece in scope.book.embedded_in(work_id, scope.request.span):
            if not piece.visible(scope.request.known_at) or not _kept(piece, scope):
                continue
            if piece.ai_status == "PROHIBIT":
                findings.append(Finding("THIRD_PARTY_PROHIBITED", (row_name(piece),)))
            elif piece.ai_status == "PERMIT" and _permitted(piece, scope):
                relied.append(row_name(piece))
            else:
                findings.append(Finding("THIRD_PARTY_SILENT", (row_name(piece),)))
    return findings, relied


def _kept(piece: EmbeddedMaterial, scope: Scope) -> bool:
    return piece.component is None or piece.component in scope.request.kept


def _permitted(piece: EmbeddedMaterial, scope: Scope) -> bool:
    request = scope.request
    return any(
        parties.permitted(scope.book, named, request.licensee, request.known_at)
        for named in piece.licensees
    )
