"""What became of the cut lists with which films come, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SEE_THEM: Final = (
    "SELECT asset_path, timecode, kind, what FROM cut_list_notes JOIN assets USING (asset_sha256) "
    "ORDER BY ALL"
)
"""The query that lists every remark and disagreement."""

_COUNTS = """
    WITH listed AS (SELECT DISTINCT asset_sha256 FROM assets WHERE cut_list IS NOT NULL)
    SELECT count(*), count(*) FILTER (WHERE status = 'analysed'),
           (SELECT count(*) FROM cut_list_notes JOIN listed USING (asset_sha256)
            WHERE kind <> 'remark')
    FROM listed LEFT JOIN films USING (asset_sha256)
"""


def on_cut_lists(connection: DuckDBPyConnection) -> str | None:
    """How many films come with a list, are cut by it, and disagree with it; None where none comes.

    Args:
        connection: from ``curation.tables.query.connect``.
    """
    ((films, cut, differ),) = connection.execute(_COUNTS).fetchall()
    if not films:
        return None
    return (
        f"films that come with a cut list: {films}, cut by it: {cut}, disagreements with the "
        f"picture: {differ}"
    )
