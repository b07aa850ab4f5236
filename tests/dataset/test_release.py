"""A release of real film, from the catalog to its verification."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from curation import stages
from curation.dataset.plan import ReleaseError
from curation.dataset.recipe import Recipe, read_recipe, recipe_from
from curation.settings import Settings
from curation.stages.releases import _is_whole
from curation.storage import Place
from curation.tables import Store
from curation.tables.query import connect
from curation.tables.store import rows_of
from curation.tags.lighting.words import SURE

ROOT = Path(__file__).resolve().parents[2]
KNOWN_AT = datetime(2026, 11, 21, tzinfo=UTC)
DAY = timedelta(days=1)


def recipe(**clip: Any) -> Recipe:
    order = read_recipe(Place.parse(ROOT / "examples" / "recipes" / "lab-pretraining.yaml"))
    quick = order.clip.model_copy(update={"preset": "ultrafast", "height": 120, **clip})
    return order.model_copy(update={"clip": quick})


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A store in which Window Seat, the phone clip and the broken reel were analysed."""
    folder = tmp_path_factory.mktemp("analysed")
    library = folder / "library"
    library.mkdir()
    for name in ("window_seat.mp4", "vfr_phone.mp4", "broken_reel.mp4"):
        shutil.copy(ROOT / "examples" / "library" / name, library)
    shutil.copytree(ROOT / "examples" / "catalog", folder / "catalog")
    settings = Settings(
        store=str(folder / "store"), library=str(library), catalog=str(folder / "catalog")
    )
    stages.ingest(settings, now=KNOWN_AT)
    stages.analyse(settings)
    return settings


@pytest.fixture
def settings(analysed: Settings, tmp_path: Path) -> Settings:
    """A copy of that store which a test may change."""
    shutil.copytree(analysed.store, tmp_path / "store")
    shutil.copytree(analysed.catalog, tmp_path / "catalog")
    return Settings(
        store=str(tmp_path / "store"), library=analysed.library, catalog=str(tmp_path / "catalog")
    )


def contents(settings: Settings, release_id: str) -> dict[str, bytes]:
    folder = Store.at(settings.store).release(release_id)
    return {entry.path: (folder / entry.path).read_bytes() for entry in folder.files()}


def test_what_is_released_is_whole_and_accounted_for(settings: Settings) -> None:
    done = stages.release(settings, recipe(), known_at=KNOWN_AT)
    found = stages.verify(settings, done.release_id)
    assert found.good
    connection = connect(Store.at(settings.store))
    counts = dict(
        connection.execute("SELECT status, count(*) FROM selections GROUP BY ALL").fetchall()
    )
    total = connection.execute("SELECT count(*) FROM tagged_shots").fetchone()
    assert total == (sum(counts.values()),)
    assert counts["released"] == found.samples == found.clips > 0
    reasons = connection.execute(
        "SELECT DISTINCT reasons[1] FROM selections WHERE status = 'excluded'"
    ).fetchall()
    assert ("APPEARANCE_NOT_SURVEYED",) in reasons
    assert list(Store.at(settings.store).staging(done.release_id).files()) == []


def test_a_check_counts_what_the_release_then_holds(settings: Settings) -> None:
    order = recipe_from(
        recipe(split_long=True, max_seconds=2.5).model_dump()
        | {"bounds": {"motion": {"max": 0.3}}, "quotas": {"total": {"clips": 9}}}
    )
    checked = stages.check_recipe(settings, order, known_at=KNOWN_AT)
    done = stages.release(settings, order, known_at=KNOWN_AT)
    assert stages.verify(settings, done.release_id).good
    with connect(Store.at(settings.store)) as connection:
        rows = connection.execute(
            "SELECT station, reasons[1], count(*) FROM selections GROUP BY ALL"
        ).fetchall()
    held = {(station, reason): count for station, reason, count in rows}
    assert checked.steps[-1].clips == held.pop((None, None)) == 9
    left_out = {why: n for step in checked.steps for why, n in step.left_out}
    assert left_out == {reason: count for (_, reason), count in held.items()}
    assert checked.steps[0].clips == sum(held.values()) + 9 > checked.steps[0].shots


def test_a_sample_reads_with_the_fields_own_libraries(settings: Settings) -> None:
    import pyarrow.dataset as ds
    import webdataset

    done = stages.release(settings, recipe(), known_at=KNOWN_AT)
    folder = Store.at(settings.store).release(done.release_id).local
    rows = {
        row["key"]: row
        for row in ds.dataset(folder / "parquet", partitioning="hive").to_table().to_pylist()
    }
    tars = sorted(str(path) for path in (folder / "shards").glob("*.tar"))
    samples = list(webdataset.WebDataset(tars, shardshuffle=False))
    assert {sample["__key__"] for sample in samples} == set(rows)
    for sample in samples:
        record = json.loads(sample["json"])
        assert record["rights"]["outcome"] == "ALLOW"
        assert record["lighting"]["key_style"]["label"]
        assert record["lighting_caption"] == rows[record["key"]]["lighting_caption"]
        assert record["clip"]["frames"] == record["clean_end"] - record["clean_start"]
        assert sample["jpg"][:2] == b"\xff\xd8"


def test_captions_say_what_the_tags_of_their_sample_say(settings: Settings) -> None:
    import pyarrow.dataset as ds

    done = stages.release(settings, recipe(), known_at=KNOWN_AT)
    folder = Store.at(settings.store).release(done.release_id).local
    rows = ds.dataset(folder / "parquet", partitioning="hive").to_table().to_pylist()
    assert any(row["lighting_caption"] for row in rows)
    for row in rows:
        setting, said = row["lighting"]["setting"], row["lighting_caption"].lower()
        if setting["confidence"] < SURE:
            assert "interior" not in said
            assert "exterior" not in said
        else:
            assert setting["label"] in said


def test_the_card_of_each_tagger_travels_with_its_tags(settings: Settings) -> None:
    from curation.tags.lighting import LightingTagger

    done = stages.release(settings, recipe(), known_at=KNOWN_AT)
    store = Store.at(settings.store)
    folder = store.release(done.release_id).local
    cards = {file.stem: json.loads(file.read_text()) for file in (folder / "cards").glob("*")}
    assert set(cards) == set(store.read("tags", ["tagger"]).column("tagger").to_pylist())
    confusion = cards["lighting"]["card"]["facets"]["key_style"]["confusion"]
    tagger = LightingTagger()
    assert confusion == [list(row) for row in tagger.card.facets["key_style"].confusion]
    assert cards["lighting"]["label_versions"] == [tagger.label_version]
    assert cards["quality"]["card"] is None
    assert cards["quality"]["facets"]["sharpness"]["measures"]


def test_of_labels_of_another_version_no_card_is_made(settings: Settings) -> None:
    store = Store.at(settings.store)
    tags = rows_of(store.read("tags"))
    for row in tags:
        row["label_version"] = "old" if row["tagger"] == "people" else row["label_version"]
    store.replace("tags", tags, column="asset_sha256")
    done = stages.release(settings, recipe(), known_at=KNOWN_AT)
    folder = store.release(done.release_id).local
    text = (folder / "cards" / "people.json").read_text()
    assert json.loads(text) == {"tagger": "people", "label_versions": ["old"]}


def test_the_same_inputs_give_the_same_bytes(settings: Settings, tmp_path: Path) -> None:
    again = Settings(
        store=str(tmp_path / "again"), library=settings.library, catalog=settings.catalog
    )
    stages.ingest(again, now=KNOWN_AT)
    stages.analyse(again)
    first = stages.release(settings, recipe(), known_at=KNOWN_AT)
    second = stages.release(again, recipe(), known_at=KNOWN_AT)
    assert first.release_id == second.release_id
    assert contents(settings, first.release_id) == contents(again, second.release_id)


def test_a_release_that_is_there_is_not_made_again(settings: Settings) -> None:
    first = stages.release(settings, recipe(), known_at=KNOWN_AT)
    second = stages.plan_release(settings, recipe())
    assert second.is_done
    assert second.release_id == first.release_id
    assert not second.films


def test_a_killed_release_is_finished_to_the_same_bytes(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin = Settings(store=str(tmp_path / "twin"), library=settings.library)
    shutil.copytree(settings.store, twin.store)
    with monkeypatch.context() as power_cut:
        power_cut.setattr("curation.stages.releases.pack_shard", _power_cut)
        with pytest.raises(KeyboardInterrupt):
            stages.release(settings, recipe(), known_at=KNOWN_AT)
    done = stages.release(settings, recipe())
    whole = stages.release(twin, recipe(), known_at=KNOWN_AT)
    assert contents(settings, done.release_id) == contents(twin, whole.release_id)


def test_one_that_was_cut_short_is_told_when_its_recipe_is_another(settings: Settings) -> None:
    left = stages.plan_release(settings, recipe(), known_at=KNOWN_AT).release_id
    said: list[str] = []
    stages.plan_release(settings, recipe(), known_at=KNOWN_AT, tell=said.append)
    assert not any("unfinished" in one for one in said)
    stages.plan_release(settings, recipe(crf=30), known_at=KNOWN_AT, tell=said.append)
    assert [one.split(",")[0] for one in said if "unfinished" in one] == [
        f"unfinished release {left}"
    ]


def test_consent_withdrawn_while_cutting_stops_the_release(settings: Settings) -> None:
    tasks = stages.plan_release(settings, recipe(), known_at=KNOWN_AT)
    for film in tasks.films:
        stages.cut_film(settings, tasks.release_id, film)
    for shard in tasks.shards:
        stages.pack_shard(settings, tasks.release_id, shard)
    consents = Path(settings.catalog) / "consents.csv"
    text = consents.read_text().replace("party:d-sample,GRANTED", "party:d-sample,WITHDRAWN")
    consents.write_text(text)
    stages.ingest(settings)
    with pytest.raises(ReleaseError, match="the rights changed while it was made"):
        stages.publish(settings, tasks.release_id)
    folder = Store.at(settings.store).release(tasks.release_id)
    assert list(folder.files()) == []


def test_a_survey_that_lost_a_face_while_cutting_stops_the_release(settings: Settings) -> None:
    tasks = stages.plan_release(settings, recipe(), known_at=KNOWN_AT)
    for film in tasks.films:
        stages.cut_film(settings, tasks.release_id, film)
    for shard in tasks.shards:
        stages.pack_shard(settings, tasks.release_id, shard)
    appearances = Path(settings.catalog) / "appearances.csv"
    kept = [line for line in appearances.read_text().splitlines() if "W002-A" not in line]
    appearances.write_text("\n".join(kept) + "\n")
    stages.ingest(settings)
    release = Store.at(settings.store).release(tasks.release_id)
    (release / "manifest.json").write_bytes(b"of a run that was killed before the tables")
    before = set(release.files())
    with pytest.raises(ReleaseError, match="FACE_WITHOUT_APPEARANCE"):
        stages.publish(settings, tasks.release_id)
    assert set(release.files()) == before
    (release / "manifest.json").delete()
    with pytest.raises(ReleaseError, match="FACE_WITHOUT_APPEARANCE"):
        stages.publish(settings, tasks.release_id)
    assert list(release.files()) == []


def test_a_run_that_another_was_faster_than_says_so(settings: Settings) -> None:
    said: list[str] = []

    def overtake(message: str) -> None:
        said.append(message)
        if message.startswith("packed"):
            stages.release(settings, recipe(), known_at=KNOWN_AT)

    done = stages.release(settings, recipe(), known_at=KNOWN_AT, tell=overtake)
    assert done.is_done
    assert said[-1] == f"another run has published {done.release_id} meanwhile, nothing to do"
    assert list(Store.at(settings.store).staging(done.release_id).files()) == []
    damaged = Store.at(settings.store).release(done.release_id) / "LICENSE.md"
    damaged.write_bytes(b"")
    assert not _is_whole(Store.at(settings.store), done.release_id)


def test_the_past_does_not_bring_back_what_was_withdrawn(settings: Settings) -> None:
    consents = Path(settings.catalog) / "consents.csv"
    text = consents.read_text().replace("party:d-sample,GRANTED", "party:d-sample,WITHDRAWN")
    consents.write_text(text)
    stages.ingest(settings)
    with pytest.raises(ReleaseError, match=r"known now .* may not.*CONSENT_WITHDRAWN"):
        stages.plan_release(settings, recipe(), known_at=KNOWN_AT)


@pytest.mark.parametrize("line", ["", "window_seat.mp4,W004-A"])
def test_a_film_that_became_another_work_stops_the_release(settings: Settings, line: str) -> None:
    tasks = stages.plan_release(settings, recipe(), known_at=KNOWN_AT)
    for film in tasks.films:
        stages.cut_film(settings, tasks.release_id, film)
    for shard in tasks.shards:
        stages.pack_shard(settings, tasks.release_id, shard)
    assets = Path(settings.catalog) / "assets.csv"
    assets.write_text(f"asset_path,work_id\nvfr_phone.mp4,W006-A\n{line}\n")
    stages.ingest(settings)
    with pytest.raises(ReleaseError, match="no longer listed as W002-A"):
        stages.publish(settings, tasks.release_id)


def test_a_release_without_samples_is_an_error(settings: Settings) -> None:
    stranger = recipe().request.model_copy(update={"licensee": "stranger"})
    order = recipe().model_copy(update={"request": stranger})
    with pytest.raises(ReleaseError, match=r"none of \d+ shots may go.*LICENSEE_NOT_GRANTED"):
        stages.plan_release(settings, order)


def test_a_use_that_is_over_is_an_error(settings: Settings) -> None:
    over = recipe().request.model_copy(update={"use_from": KNOWN_AT - DAY, "use_until": KNOWN_AT})
    with pytest.raises(ReleaseError, match="ended at 2026-11-21T00:00:00Z"):
        stages.plan_release(settings, recipe().model_copy(update={"request": over}))


def test_a_film_changed_since_is_not_cut(settings: Settings, tmp_path: Path) -> None:
    library = tmp_path / "other"
    shutil.copytree(settings.library, library)
    other = Settings(store=settings.store, library=str(library))
    tasks = stages.plan_release(other, recipe(), known_at=KNOWN_AT)
    shutil.copy(library / "vfr_phone.mp4", library / "window_seat.mp4")
    for film in tasks.films:
        assert set(stages.cut_film(other, tasks.release_id, film)) == {"failed"}
    for shard in tasks.shards:
        stages.pack_shard(other, tasks.release_id, shard)
    with pytest.raises(ReleaseError, match=r"no clip could be cut.*CONTENT_CHANGED"):
        stages.publish(other, tasks.release_id)


def test_a_film_that_leads_out_of_the_library_is_left_out(
    settings: Settings, tmp_path: Path
) -> None:
    library = tmp_path / "other"
    shutil.copytree(settings.library, library)
    other = Settings(store=settings.store, library=str(library))
    film = library / "window_seat.mp4"
    film.unlink()
    film.symlink_to(Path(settings.library) / film.name)
    with pytest.raises(ReleaseError, match=r"none of \d+ shots.*READ_FAILED \(cut\)"):
        stages.plan_release(other, recipe(), known_at=KNOWN_AT)


def test_a_clip_that_cannot_be_written_fails_alone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from curation.dataset import clips
    from curation.dataset.plan import read_plan, read_samples
    from curation.media import MediaCode, MediaError, write_clips

    tasks = stages.plan_release(settings, recipe(), known_at=KNOWN_AT)
    store = Store.at(settings.store)
    plan = read_plan(store, tasks.release_id)
    rows = read_samples(store, tasks.release_id).to_pylist()
    cuts = sorted(
        (
            clips.Cut(row["shot_id"], row["clean_start"], row["clean_end"], row["frames"])
            for row in rows
        ),
        key=lambda cut: cut.start,
    )
    bad = {cuts[2].key, cuts[-1].key}

    def choosy(source: Any, specs: Any, **how: Any) -> Any:
        good = list(takewhile(lambda spec: spec.path.stem not in bad, specs))
        ahead = max(0, len(good) - 1) if len(good) < len(specs) else len(good)
        found = write_clips(source, good[:ahead], **how) if good[:ahead] else []
        if len(good) < len(specs):
            raise MediaError(MediaCode.ENCODE_FAILED, "no")
        return found

    monkeypatch.setattr("curation.media.write_clips", choosy)
    folder = Path(store.place.url) / "scratch"
    folder.mkdir()
    (film,) = tasks.films
    found = clips._cut(store, plan, film, cuts, folder)
    assert {clip.key: clip.failure for clip in found if clip.failure} == dict.fromkeys(
        bad, "ENCODE_FAILED"
    )
    assert {clip.key for clip in found} == {cut.key for cut in cuts}


def _flip_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def _swap_clip(path: Path) -> None:
    """Put another valid clip in the place of one, as a patient forger would."""
    with tarfile.open(path) as tar:
        members = [(m, tar.extractfile(m)) for m in tar.getmembers()]
        data = {m.name: stream.read() for m, stream in members if stream}
    clips = sorted(name for name in data if name.endswith(".mp4"))
    data[clips[0]] = data[clips[1]]
    with tarfile.open(path, "w") as tar:
        for name, blob in data.items():
            info = tarfile.TarInfo(name)
            info.size = len(blob)
            tar.addfile(info, io.BytesIO(blob))


@pytest.mark.parametrize(
    ("pattern", "spoil"),
    [
        ("shards/*.tar", _flip_byte),
        ("shards/*.tar", Path.unlink),
        ("shards/*.tar", _swap_clip),
        ("parquet/*/*.parquet", _flip_byte),
        ("parquet/*/*.parquet", Path.unlink),
    ],
)
def test_tampering_is_found_and_named(
    settings: Settings, pattern: str, spoil: Callable[[Path], None]
) -> None:
    done = stages.release(settings, recipe(), known_at=KNOWN_AT)
    folder = Store.at(settings.store).release(done.release_id).local
    victim = sorted(folder.glob(pattern))[0]
    spoil(victim)
    found = stages.verify(settings, done.release_id)
    assert str(victim.relative_to(folder)) in {fault.file for fault in found.faults}


def test_a_file_too_many_is_found(settings: Settings) -> None:
    done = stages.release(settings, recipe(), known_at=KNOWN_AT)
    folder = Store.at(settings.store).release(done.release_id).local
    (folder / "shards" / "extra.tar").write_bytes(b"")
    found = stages.verify(settings, done.release_id)
    assert [fault.file for fault in found.faults] == ["shards/extra.tar"]


def _power_cut(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
