"""Whether someone has looked: "no rows" is not "none present"."""

from __future__ import annotations

from curation.rights.rows import row_name
from curation.rights.scope import Scope


def survey_of(scope: Scope, kind: str) -> str | None:
    """The name of a survey of that kind complete at `known_at`, or None.

    A survey speaks for the edit it was made on and the copies of that edit; one made on the title
    says nothing about what an edit shows.
    """
    known_at = scope.request.known_at
    for work_id in scope.surveyed_ids:
        for survey in scope.book.surveys_of(work_id):
            if (
                survey.kind == kind
                and survey.visible(known_at)
                and survey.completed_at is not None
                and survey.completed_at <= known_at
            ):
                return row_name(survey)
    return None
