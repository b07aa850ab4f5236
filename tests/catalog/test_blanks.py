import json
from pathlib import Path
from typing import Any

import pytest

from curation.catalog import reader_for
from curation.catalog.check import Checked, check
from curation.catalog.knowledge import knowledge_at
from curation.storage import Place
from tests.catalog.test_ingest import DAY, T0, Studio

WORKS = "work_id,level\nT,title\n"
RULE = {
    "rule_id": "G",
    "effect": "PERMIT",
    "kind": "GRANT",
    "work_id": "T",
    "status": "EXECUTED",
}
HEADER = "rule_id,effect,kind,work_id,status,start,end,licence"


def checked(folder: Path) -> Checked:
    (folder / "works.csv").write_text(WORKS)
    place = Place.parse(folder)
    return check(reader_for(place).rows(place))


def faults(found: Checked) -> list[tuple[int, str, str]]:
    return [(bad.line, bad.fault.field, bad.fault.reason) for bad in found.quarantined]


@pytest.mark.parametrize("field", ["start", "end", "licence", "territory_exclude", "revoked_at"])
def test_empty_text_in_json_opens_no_grant(tmp_path: Path, field: str) -> None:
    (tmp_path / "rules.jsonl").write_text(json.dumps(RULE | {field: ""}))
    found = checked(tmp_path)
    assert faults(found) == [(1, field, "INVALID_FIELD")]
    assert "leave the field out" in found.quarantined[0].fault.message


def test_a_consent_is_read_as_strictly(tmp_path: Path) -> None:
    (tmp_path / "consents.jsonl").write_text(
        json.dumps({"party_id": "P", "state": "GRANTED", "end": ""})
    )
    assert faults(checked(tmp_path)) == [(1, "end", "INVALID_FIELD")]


@pytest.mark.parametrize("change", [{}, {"end": None}, {"end": "Open"}])
def test_json_may_leave_an_end_out(tmp_path: Path, change: dict[str, Any]) -> None:
    (tmp_path / "rules.jsonl").write_text(json.dumps(RULE | change))
    assert faults(checked(tmp_path)) == []


@pytest.mark.parametrize(
    ("cells", "field"),
    [
        ("PERMIT,GRANT,T,EXECUTED,2026-01-01,,", "end"),
        ("PERMIT,GRANT,T,EXECUTED,,2030-12-31,", "start"),
        ("PERMIT,GRANT,T,EXECUTED,Open, ,CC0-1.0", "end"),
        ("PERMIT,GRANT,T,EXECUTED,Open,open,", None),
        ("PERMIT,GRANT,T,DRAFT,,,", None),
        ("PROHIBIT,LEGAL_HOLD,T,EXECUTED,,,", None),
    ],
)
def test_a_grant_in_a_table_says_open(tmp_path: Path, cells: str, field: str | None) -> None:
    (tmp_path / "rules.csv").write_text(f"{HEADER}\nG,{cells}\n")
    assert faults(checked(tmp_path)) == ([(2, field, "INVALID_FIELD")] if field else [])


def test_parquet_is_a_table(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [RULE | {"start": "Open", "end": None}, RULE | {"rule_id": "H", "start": "Open"}]
    schema = pa.schema([(name, pa.string()) for name in (*RULE, "start", "end")])
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), tmp_path / "rules.parquet")
    assert faults(checked(tmp_path)) == [(1, "end", "INVALID_FIELD"), (2, "end", "INVALID_FIELD")]


def test_the_work_of_a_grant_that_forgot_its_end_is_withheld(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    studio.write("works", "work_id,level,parent_id", "T,title,", "E,edit,T", "F,title,")
    studio.write("rules", HEADER, "G,PERMIT,GRANT,E,EXECUTED,2026-01-01,,")
    studio.read(T0)
    assert set(knowledge_at(studio.store, T0 + DAY).withheld) == {"E"}
