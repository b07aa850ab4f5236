"""What has changed since a release was made: told by itself, with its evidence, and no fault."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from curation import stages
from curation.cli import app
from curation.dataset.manifest import read_manifest
from curation.dataset.verify import verify
from curation.dataset.verify.row_check import read_rows
from curation.dataset.verify.standing import Inquiry, Standing, present_of
from curation.settings import Settings
from curation.storage import Place
from curation.tables import Store

HOLD = "HOLD-1,PROHIBIT,LEGAL_HOLD,W002,ALL_EDITS,use_ai,*,001,,Open,Open,,,,EXECUTED,"
NEXT_DAY = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture
def settings(made: tuple[Settings, str], tmp_path: Path) -> Settings:
    """A copy of the store with the release, and of its catalog."""
    shutil.copytree(made[0].store, tmp_path / "store")
    shutil.copytree(made[0].catalog, tmp_path / "catalog")
    return replace(made[0], store=str(tmp_path / "store"), catalog=str(tmp_path / "catalog"))


def asked(settings: Settings, release_id: str, at: datetime | None = None) -> Standing:
    """What `verify` asks, without playing the clips."""
    store = Store.at(settings.store)
    place = store.release(release_id)
    manifest = read_manifest(place)
    inquiry = Inquiry(manifest, present_of(store, at or datetime.now(UTC)))
    for shard in manifest.shards:
        rows, _ = read_rows(place, manifest, shard)
        assert rows is not None
        inquiry.show(rows)
    return inquiry.close()


def swap(file: str, old: str, new: str) -> Callable[[Path], None]:
    def change(catalog: Path) -> None:
        text = (catalog / file).read_text()
        assert old in text
        (catalog / file).write_text(text.replace(old, new))

    return change


def add(file: str, line: str) -> Callable[[Path], None]:
    def change(catalog: Path) -> None:
        (catalog / file).write_text((catalog / file).read_text() + line + "\n")

    return change


@pytest.mark.parametrize(
    ("change", "reason", "evidence"),
    [
        (
            swap("consents.csv", "party:d-sample,GRANTED", "party:d-sample,WITHDRAWN"),
            "CONSENT_WITHDRAWN",
            "consents[party:d-sample",
        ),
        (
            swap("rules.csv", "W002,ALL_EDITS,train,", "W002,ALL_EDITS,evaluate,"),
            "PURPOSE_NOT_GRANTED",
            "LAB-W002",
        ),
        (
            swap("rules.csv", "RU;BY,2026-01-01,2035-12-31", "RU;BY,2026-01-01,2027-12-31"),
            "WINDOW_DOES_NOT_COVER_USE",
            "LAB-W002",
        ),
        (
            add("rules.csv", HOLD),
            "LEGAL_HOLD",
            "HOLD-1",
        ),
        (swap("assets.csv", "seat.mp4,W002-A", "seat.mp4,W004-A"), "FILM_OTHER_WORK", ""),
    ],
)
def test_what_changed_since_is_told_with_its_evidence(
    made: tuple[Settings, str],
    settings: Settings,
    change: Callable[[Path], None],
    reason: str,
    evidence: str,
) -> None:
    before = asked(settings, made[1])
    assert before.holds
    change(Path(settings.catalog))
    stages.ingest(settings, now=NEXT_DAY, replace=True)
    found = asked(settings, made[1], NEXT_DAY)
    assert not found.holds
    assert (found.titles, found.samples) == (1, before.samples)
    assert {code for lapse in found.lapses for code in lapse.reasons} == {reason}
    assert all(lapse.grants == ("LAB-W002",) for lapse in found.lapses)
    for lapse in found.lapses:
        assert any(name.startswith(evidence) for name in lapse.evidence) or not evidence
    assert asked(settings, made[1], datetime(2026, 11, 21, 1, tzinfo=UTC)).holds


def test_a_use_that_is_over_is_told(made: tuple[Settings, str], settings: Settings) -> None:
    found = asked(settings, made[1], datetime(2031, 12, 1, tzinfo=UTC))
    assert found.ended_at == datetime(2031, 12, 1, tzinfo=UTC)
    assert not found.holds


def test_a_scheduler_can_tell_a_lapse_from_a_fault(
    made: tuple[Settings, str], settings: Settings, tmp_path: Path
) -> None:
    def run(*more: str) -> tuple[int, str]:
        arguments = ["verify", made[1], "--store", settings.store, *more]
        done = CliRunner().invoke(app, arguments)
        return done.exit_code, done.stdout

    none = tmp_path / "none.csv"
    status, said = run("--at", "2026-11-21T12:00:00Z", "--lapsed", str(none))
    assert (status, "samples would be cleared" in said) == (0, True)
    assert none.read_text() == "key,title,outcome,reasons,rows\n"
    assert run("--lapsed", str(tmp_path / "nowhere" / "x.csv"))[0] == 2
    swap("consents.csv", "party:d-sample,GRANTED", "party:d-sample,WITHDRAWN")(
        Path(settings.catalog)
    )
    stages.ingest(settings, now=NEXT_DAY)
    listed = tmp_path / "lapsed.csv"
    status, said = run("--at", "2026-11-23T00:00:00Z", "--lapsed", str(listed))
    assert status == 3
    lapses = asked(settings, made[1], datetime(2026, 11, 23, tzinfo=UTC)).lapses
    with listed.open(newline="") as stream:
        lines = list(csv.DictReader(stream))
    assert [line["key"] for line in lines] == [key for lapse in lapses for key in lapse.keys]
    assert f"LAPSED {len(lapses[0].keys)} sample" in said
    assert {line["reasons"] for line in lines} == {'["CONSENT_WITHDRAWN"]'}
    assert all("party:d-sample" in line["rows"] and line["title"] for line in lines)
    assert "0 faults" in said
    assert "the release was right when it was published" in said
    assert "CONSENT_WITHDRAWN: A performer's consent is withdrawn" in said
    assert "by party:d-sample withdrew consent to training AI models" in said
    next(Path(settings.store, "releases").rglob("*.jsonl")).unlink()
    assert run("--at", "2026-11-23T00:00:00Z")[0] == 1


def test_a_copy_without_a_store_says_that_it_was_not_asked(folder: Path) -> None:
    found = verify(Place.parse(folder))
    assert found.standing is None
    assert any("that was not asked" in what for what in found.unchecked)
