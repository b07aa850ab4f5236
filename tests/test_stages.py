import io
import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import pytest

from curation import stages
from curation.analysis import FilmJob, analyse_film
from curation.dataset import clips
from curation.dataset.clips import Cut, cut_film
from curation.dataset.plan import Plan
from curation.dataset.recipe import read_recipe
from curation.isolation import Worker
from curation.media import MediaError
from curation.settings import Settings
from curation.storage import Place
from curation.tables import Store
from curation.tables.query import connect
from curation.tables.store import rows_of
from curation.tags.protocol import Needs

ROOT = Path(__file__).resolve().parents[1]
WORKS = "work_id,level,parent_id\nT,title,\nE,edit,T\n"
MAY_ANALYSE = (
    "rule_id,effect,kind,work_id,inherit,actions,assignee,territory_include,status\n"
    "A,PERMIT,GRANT,T,ALL_EDITS,tdm_analyze,studio,001,EXECUTED\n"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A studio that may analyse its one work, without films yet."""
    for folder in ("films", "catalog"):
        (tmp_path / folder).mkdir()
    (tmp_path / "catalog" / "works.csv").write_text(WORKS)
    (tmp_path / "catalog" / "rules.csv").write_text(MAY_ANALYSE)
    return Settings(
        store=str(tmp_path / "store"),
        library=str(tmp_path / "films"),
        catalog=str(tmp_path / "catalog"),
        batch_films=3,
    )


def add_films(settings: Settings, **films: bytes | Path) -> None:
    lines = ["asset_path,work_id"]
    for name, content in films.items():
        file = Path(settings.library) / f"{name}.mp4"
        if isinstance(content, Path):
            shutil.copy(content, file)
        else:
            file.write_bytes(content)
        lines.append(f"{name}.mp4,E")
    (Path(settings.catalog) / "assets.csv").write_text("\n".join([*lines, ""]))


def films(settings: Settings) -> dict[str, tuple[str, str | None]]:
    query = """
        SELECT asset_path, status, reasons[1] FROM assets LEFT JOIN films USING (asset_sha256)
    """
    found = connect(Store.at(settings.store)).execute(query).fetchall()
    return {path: (status, reason) for path, status, reason in found}


def test_strange_films_are_rows_and_stop_nobody(settings: Settings) -> None:
    phone = ROOT / "examples" / "library" / "vfr_phone.mp4"
    add_films(
        settings,
        empty=b"",
        words=b"this is no film " * 1000,
        cut_off=phone.read_bytes()[:100_000],
        good=phone,
    )
    stages.ingest(settings)
    assert stages.analyse(settings) == {"failed": 3, "analysed": 1}
    found = films(settings)
    assert found["good.mp4"] == ("analysed", None)
    assert found["empty.mp4"] == ("failed", "EMPTY_FILE")
    assert {status for status, _ in found.values()} == {"analysed", "failed"}
    assert all(reason for status, reason in found.values() if status == "failed")


def test_nothing_is_done_twice_and_a_changed_film_is_done_again(settings: Settings) -> None:
    add_films(settings, film=ROOT / "examples" / "library" / "vfr_phone.mp4", bad=b"x")
    stages.ingest(settings)
    stages.analyse(settings)
    assert stages.plan_analysis(settings).parts == ()
    assert stages.plan_analysis(settings, retry_failed=True).films == 1
    add_films(settings, film=ROOT / "examples" / "library" / "night_call_tv_cut.mp4", bad=b"x")
    stages.ingest(settings)
    assert stages.plan_analysis(settings).films == 1


def test_what_a_killed_attempt_staged_is_kept(settings: Settings) -> None:
    add_films(settings, film=ROOT / "examples" / "library" / "vfr_phone.mp4", bad=b"x")
    stages.ingest(settings)
    first = stages.plan_analysis(settings)
    stages.analyse_part(settings, first.plan_id, first.parts[0])
    second = stages.plan_analysis(settings)
    assert second == first
    counts = stages.analyse_part(settings, second.plan_id, second.parts[0])
    assert counts == {"staged before": 2}
    written = stages.commit_analysis(settings, second.plan_id)
    assert written["films"] == 2
    assert written["shots"] == 3


def test_without_leave_to_analyse_no_film_is_opened(settings: Settings) -> None:
    (Path(settings.catalog) / "rules.csv").write_text(
        MAY_ANALYSE.replace("tdm_analyze,studio", "tdm_analyze,someone")
    )
    add_films(settings, film=ROOT / "examples" / "library" / "vfr_phone.mp4")
    stages.ingest(settings)
    assert stages.analyse(settings) == {"excluded": 1}
    assert films(settings) == {"film.mp4": ("excluded", "LICENSEE_NOT_GRANTED")}
    (Path(settings.catalog) / "rules.csv").write_text(MAY_ANALYSE)
    stages.ingest(settings)
    assert stages.analyse(settings) == {"analysed": 1}


def test_labels_change_without_opening_a_film(settings: Settings) -> None:
    add_films(settings, film=ROOT / "examples" / "library" / "vfr_phone.mp4")
    stages.ingest(settings)
    stages.analyse(settings)
    store = Store.at(settings.store)
    before = rows_of(store.read("tags"))
    aged = [row | {"label_version": "0", "label": "aged"} for row in before]
    store.replace("tags", aged, column="asset_sha256")
    (Path(settings.library) / "film.mp4").unlink()
    assert stages.relabel(settings) == len(before)

    def by_key(rows: list[dict[str, object]]) -> list[tuple[object, ...]]:
        return sorted((r["shot_id"], r["tagger"], r["facet"], r["label"]) for r in rows)

    assert by_key(rows_of(store.read("tags"))) == by_key(before)
    assert stages.relabel(settings) == 0


def test_a_missing_card_is_no_films_fault(settings: Settings) -> None:
    from curation.media import choose_device

    if choose_device("auto").device == "cuda":
        pytest.skip("this machine has a card")
    add_films(settings, film=ROOT / "examples" / "library" / "vfr_phone.mp4")
    stages.ingest(settings)
    plan = stages.plan_analysis(settings)
    with pytest.raises(MediaError, match="CUDA decoding is not to be had"):
        stages.analyse_part(replace(settings, device="cuda"), plan.plan_id, plan.parts[0])


def test_the_road_runs_with_films_and_store_in_an_object_store(s3: str, tmp_path: Path) -> None:
    library = Place.parse(f"{s3}/films")
    for name in ("window_seat.mp4", "broken_reel.mp4"):
        (library / name).upload(ROOT / "examples" / "library" / name)
    for table in (ROOT / "examples" / "catalog").glob("*.csv"):
        (Place.parse(f"{s3}/catalog") / table.name).upload(table)
    settings = Settings(store=f"{s3}/store", library=str(library), catalog=f"{s3}/catalog")
    done = stages.ingest(settings)
    assert done.accepted["assets"] == 2
    assert stages.analyse(settings) == {"analysed": 1, "failed": 1}
    recipe = read_recipe(Place.parse(ROOT / "examples" / "recipes" / "lab-pretraining.yaml"))
    quick = recipe.clip.model_copy(update={"preset": "ultrafast", "height": 120})
    tasks = stages.release(settings, recipe.model_copy(update={"clip": quick}))
    found = stages.verify(settings, tasks.release_id)
    assert found.good
    assert found.clips > 0


PHONE = ROOT / "examples" / "library" / "vfr_phone.mp4"
OTHER = ROOT / "examples" / "library" / "window_seat.mp4"


def test_a_film_replaced_since_it_was_catalogued_is_not_taken_for_it(settings: Settings) -> None:
    add_films(settings, film=PHONE)
    stages.ingest(settings)
    shutil.copy(OTHER, Path(settings.library) / "film.mp4")
    assert stages.analyse(settings) == {"failed": 1}
    assert films(settings) == {"film.mp4": ("failed", "CONTENT_CHANGED")}
    assert Store.at(settings.store).read("shots").num_rows == 0
    shutil.copy(PHONE, Path(settings.library) / "film.mp4")
    assert stages.analyse(settings) == {"analysed": 1}


def test_absence_passes(settings: Settings) -> None:
    add_films(settings, film=PHONE, folder=b"a film once", out=b"another", good=OTHER)
    stages.ingest(settings)
    library = Path(settings.library)
    for name in ("film", "folder", "out"):
        (library / f"{name}.mp4").unlink()
    (library / "folder.mp4").mkdir()
    (library / "out.mp4").symlink_to("/etc/passwd")
    assert stages.analyse(settings) == {"failed": 3, "analysed": 1}
    assert films(settings) == {
        "film.mp4": ("failed", "FILE_MISSING"),
        "folder.mp4": ("failed", "READ_FAILED"),
        "out.mp4": ("failed", "READ_FAILED"),
        "good.mp4": ("analysed", None),
    }
    shutil.copy(PHONE, library / "film.mp4")
    assert stages.analyse(settings) == {"failed": 2, "analysed": 1}


def test_a_network_that_breaks_is_no_fault_of_the_film(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 200_000:
                raise OSError("the network is away")
            return super().read(size)

    @contextmanager
    def source(_: Place) -> Iterator[BinaryIO]:
        yield Broken(OTHER.read_bytes())

    monkeypatch.setattr(Place, "source", source)
    rows = analyse_film(FilmJob(Place.parse(OTHER).sha256(), str(OTHER)))
    assert (rows.film["reasons"], rows.film["work_key"]) == (["READ_FAILED"], "")


def _broken_tagger(step: str, given: object) -> object:
    """A tagger that gives ``given`` in one step, or raises it where it is an exception."""

    def gives(*_: object) -> object:
        if isinstance(given, Exception):
            raise given
        return given

    numbers = {"n": 1.0}
    return SimpleNamespace(
        name="rude",
        version="1",
        label_version="1",
        needs=Needs(),
        meter=lambda info: gives if step == "meter" else lambda frame, before: numbers,
        summarise=gives if step == "summarise" else lambda series, pts: numbers,
        label=gives if step == "label" else lambda measures: (),
    )


@pytest.mark.parametrize("step", ["meter", "summarise", "label"])
@pytest.mark.parametrize("given", [ZeroDivisionError("by nought"), None, "words", {"n": "x"}])
def test_a_rude_tagger_fails_the_film_and_is_named(
    step: str, given: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curation.tags.taggers", lambda *_: (_broken_tagger(step, given),))
    rows = analyse_film(FilmJob("x", str(PHONE), verify=False))
    assert rows.film["reasons"] == ["TAGGER_FAILED"]
    assert f"tagger 'rude' failed in {step}" in rows.film["message"]
    assert not rows.shots


def test_a_tagger_that_fails_at_relabelling_fails_the_film(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_films(settings, film=PHONE)
    stages.ingest(settings)
    stages.analyse(settings)
    store = Store.at(settings.store)
    with monkeypatch.context() as newer:
        rude = _broken_tagger("label", None)
        rude.name, rude.label_version = "quality", "next"  # type: ignore[attr-defined]
        newer.setattr("curation.tags.taggers", lambda *_: (rude,))
        assert stages.relabel(settings) == 0
    assert films(settings) == {"film.mp4": ("failed", "TAGGER_FAILED")}
    assert store.read("tags").num_rows > 0
    assert stages.analyse(settings) == {"analysed": 1}


def test_two_analyses_at_once_commit_each_film_once(settings: Settings) -> None:
    add_films(settings, one=PHONE, two=OTHER)
    stages.ingest(settings)
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(stages.analyse, settings) for _ in range(2)]:
            done.result()
    store = Store.at(settings.store)
    shots = store.read("shots").column("shot_id").to_pylist()
    assert len(shots) == len(set(shots)) > 3
    assert store.read("films").num_rows == 2
    assert list((store.place / "staging").files()) == []


def test_a_commit_leaves_what_another_is_staging(settings: Settings) -> None:
    add_films(settings, one=PHONE, two=OTHER)
    stages.ingest(settings)
    plan = stages.plan_analysis(settings)
    stages.analyse_part(settings, plan.plan_id, plan.parts[0])
    store = Store.at(settings.store)
    films_staged = sorted(store.staged_parts(plan.plan_id, "films"))
    store.unstage(plan.plan_id, "films", films_staged[0])
    assert stages.commit_analysis(settings, plan.plan_id)["films"] == 1
    assert store.staged_parts(plan.plan_id, "shots") == {films_staged[0]}
    assert stages.analyse_part(settings, plan.plan_id, plan.parts[0]) == {"analysed": 1}
    assert stages.commit_analysis(settings, plan.plan_id)["films"] == 1
    assert list(store.staging(plan.plan_id).files()) == []
    elsewhere = stages.analyse_part(settings, plan.plan_id, plan.parts[0])
    assert elsewhere == {"committed elsewhere": 1}


@pytest.fixture
def cut(settings: Settings) -> tuple[Store, Plan, list[Cut]]:
    """A plan to cut two clips of one film, laid out by hand."""
    add_films(settings, film=PHONE)
    film = Path(settings.library) / "film.mp4"
    recipe = read_recipe(Place.parse(ROOT / "examples" / "recipes" / "lab-pretraining.yaml"))
    quick = recipe.clip.model_copy(update={"preset": "ultrafast", "height": 120})
    plan = SimpleNamespace(
        release_id="r-1",
        recipe=recipe.model_copy(update={"clip": quick}),
        films={Place.parse(PHONE).sha256(): str(film)},
    )
    return Store.at(settings.store), cast("Plan", plan), [Cut("a", 0, 10, 10), Cut("b", 10, 20, 10)]


def _cut_with(
    cut: tuple[Store, Plan, list[Cut]], timeout_s: float = 60, memory_mb: int = 4000
) -> set[str | None]:
    store, plan, cuts = cut
    (asset,) = plan.films
    with Worker(timeout_s=timeout_s, memory_mb=memory_mb) as worker:
        clips = cut_film(store, plan, asset, cuts, worker=worker)
    assert [clip.key for clip in clips] == ["a", "b"]
    return {clip.failure for clip in clips}


def _spoil(film: Path, how: str) -> None:
    film.unlink()
    if how == "folder":
        film.mkdir()
    elif how == "other":
        shutil.copy(OTHER, film)
    elif how == "link out":
        film.symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("gone", "FILE_MISSING"),
        ("folder", "READ_FAILED"),
        ("other", "CONTENT_CHANGED"),
        ("link out", "CONTENT_CHANGED"),
    ],
)
def test_a_film_that_cannot_be_cut_gives_failed_clips_and_is_tried_again(
    cut: tuple[Store, Plan, list[Cut]], how: str, reason: str
) -> None:
    (film,) = map(Path, cut[1].films.values())
    _spoil(film, how)
    assert _cut_with(cut) == {reason}
    shutil.rmtree(film) if how == "folder" else film.unlink(missing_ok=True)
    shutil.copy(PHONE, film)
    assert _cut_with(cut) == {None}


def test_cutting_ends_in_its_bounds_and_leaves_no_encoder(
    cut: tuple[Store, Plan, list[Cut]],
) -> None:
    assert _cut_with(cut, timeout_s=0.1) == {"TIMED_OUT"}
    assert _cut_with(cut, memory_mb=1) == {"OUT_OF_MEMORY"}
    scratch = cut[0].staging("r-1") / "cutting"
    assert list(scratch.files()) == []
    assert _cut_with(cut) == {None}


def test_scratch_beside_a_remote_store_is_cleared_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    left = tmp_path / "curation-clips-left"
    left.mkdir()
    (left / "half.mp4").write_bytes(b"x")
    remote, plan = Store.at("s3://bucket/store"), cast("Plan", SimpleNamespace(release_id="r"))
    with clips._scratch(remote, plan) as one, clips._scratch(remote, plan) as two:
        assert sorted(tmp_path.iterdir()) == sorted([one, two])
    assert list(tmp_path.iterdir()) == []
