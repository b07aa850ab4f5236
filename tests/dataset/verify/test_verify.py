"""What verification sees of a release as a whole: its manifest, its files, its store."""

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from curation import stages
from curation.dataset.plan import ReleaseError, read_plan, read_samples
from curation.dataset.shards import pack_shard
from curation.dataset.verify import anchor_of, verify
from curation.papers import binder
from curation.settings import Settings
from curation.storage import Place
from curation.tables import Store
from curation.tables.store import canonical_json, rows_of
from tests.dataset.conftest import KNOWN_AT, recipe
from tests.dataset.verify.forgery import (
    CARD,
    PARQUET,
    TAR,
    manifest,
    put,
    reseal,
    said,
)


def test_a_shard_whose_clips_all_failed_leaves_nothing(
    made: tuple[Settings, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(made[0].store, tmp_path / "store")
    settings = replace(made[0], store=str(tmp_path / "store"))
    store = Store.at(settings.store)
    tasks = stages.plan_release(settings, recipe(still=False), known_at=KNOWN_AT)
    folder = store.release(tasks.release_id).local
    doomed = tasks.shards[0]
    keys = {
        row["shot_id"]
        for row in rows_of(read_samples(store, tasks.release_id))
        if row["shard"] == doomed
    }
    for film in tasks.films:
        stages.cut_film(settings, tasks.release_id, film)
    for shard in tasks.shards:
        assert stages.pack_shard(settings, tasks.release_id, shard)
    half = folder / "shards" / f".{doomed}.tar.0123.partial"
    half.write_bytes(b"killed")
    for report in (store.staging(tasks.release_id) / "cut").local.glob("*.json"):
        clips = json.loads(report.read_text())
        for clip in clips:
            if clip["key"] in keys:
                clip["failure"] = "DECODE_FAILED"
        report.write_text(json.dumps(clips))
    assert stages.pack_shard(settings, tasks.release_id, doomed) == 0
    assert not list(folder.rglob(f"*{doomed}*"))
    stages.publish(settings, tasks.release_id)
    found = stages.verify(settings, tasks.release_id)
    assert found.good, found.faults
    cards = list((folder / "cards").iterdir())
    shards = len(tasks.shards) - 1
    assert found.files == len(cards) + len(binder.BOUND) + 1 + 3 * shards


def test_an_empty_shard_has_no_files(made: tuple[Settings, str], tmp_path: Path) -> None:
    shutil.copytree(made[0].store, tmp_path / "store")
    settings = replace(made[0], store=str(tmp_path / "store"))
    store = Store.at(settings.store)
    tasks = stages.plan_release(settings, recipe(still=False), known_at=KNOWN_AT)
    plan, samples = read_plan(store, tasks.release_id), read_samples(store, tasks.release_id)
    packed = pack_shard(store, plan, "train-000000", samples, {})
    assert (packed.samples, packed.seconds, packed.files) == (0, 0.0, ())
    assert list(store.release(tasks.release_id).files()) == []


def test_a_release_of_the_store_is_held_against_its_table(
    made: tuple[Settings, str], tmp_path: Path
) -> None:
    settings, release_id = made
    whole = stages.verify(settings, release_id)
    assert (whole.good, whole.anchored) == (True, True)
    shutil.copytree(settings.store, tmp_path / "store")
    copy = replace(settings, store=str(tmp_path / "store"))
    folder = Path(copy.store) / "releases" / release_id
    bare = stages.verify(copy, str(folder))
    assert (bare.good, bare.anchored) == (True, False)
    with manifest(folder) as data:
        data["credits"] = []
    reseal(folder)
    assert stages.verify(copy, str(folder)).good
    found = stages.verify(copy, release_id)
    assert ["its SHA-256 is another" in fault.what for fault in found.faults] == [True]
    folder.rename(folder.with_name("smuggled-in"))
    found = stages.verify(copy, "smuggled-in")
    assert not found.anchored
    assert "does not know this release" in str(found.faults[1])


def _request(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        data["recipe"]["request"][name] = value
        text = canonical_json(data["recipe"]).encode()
        data["recipe_sha256"] = hashlib.sha256(text).hexdigest()

    return change


def _drop_file(kind: str) -> Callable[[dict[str, Any]], None]:
    def change(data: dict[str, Any]) -> None:
        shard = data["shards"][0]
        shard["files"] = [f for f in shard["files"] if not f["path"].endswith(kind)]

    return change


def _list_twice(card: str) -> Callable[[dict[str, Any]], None]:
    return lambda data: data["cards"].extend(c for c in data["cards"][:] if c["path"] == card)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_request("licensee", "somebody-else"), "cleared for licensee 'example-lab'"),
        (_request("action", "evaluate"), "cleared for action"),
        (_request("territories", ["001"]), "cleared for territories"),
        (_request("use_until", "2099-01-01T00:00:00Z"), "cleared for use_until"),
        (_request("commercial", False), "cleared for commercial"),
        (_request("components", ["music"]), "components must name picture"),
        (_request("more", "1"), "'recipe.request.more' is no field of a manifest"),
        (lambda d: d["recipe"]["request"].pop("licensee"), "recipe.request lacks licensee"),
        (put("recipe", "seed", to=1), "recipe_sha256 is not that of its recipe"),
        (put("recipe", "name", to="other"), "is no release of its recipe"),
        (put("recipe", "clip", "still", to=False), "the recipe asks for no still"),
        (put("rulebook_sha256", to="0" * 64), "under another rulebook"),
        (put("totals", "seconds", to=1.0), "totals.seconds is 1.0"),
        (put("totals", "bytes", to=1), "totals.bytes is 1"),
        (put("totals", "samples", to=1), "totals.samples is 1"),
        (put("totals", "excluded", to=901), "totals.excluded is 901"),
        (
            put("excluded", to=[{"station": "cut", "reason": "X", "shots": 900}]),
            "its parts add to 900",
        ),
        (put("shards", 0, "seconds", to=1.0), "seconds, the manifest says 1.0"),
        (put("shards", 0, "samples", to=9), "3 rows, the manifest says 9"),
        (put("shards", 0, "split", to="val"), "of split 'val' is no name of a shard"),
        (put("shards", 0, "name", to="../../x-1"), "is no name of a shard"),
        (put("shards", 0, "name", to="train-000001"), "lists the shard 'train-000001' 2 times"),
        (put("shards", 0, "files", 0, "path", to="../x.tar"), "'../x.tar' is no file of the"),
        (_drop_file(".tar"), f"lists {TAR} 0 times"),
        (_drop_file(".parquet"), f"lists {PARQUET} 0 times"),
        (put("shards", 0, "files", to=[]), f"{TAR}: is not in the manifest"),
        (put("cards", to=[]), f"{CARD}: is not in the manifest"),
        (put("cards", 0, "path", to="../x.json"), "'../x.json' is no name of a card"),
        (_list_twice(CARD), f"lists '{CARD}' 2 times"),
        (put("sources", to=[]), "its sources are not the films of its samples"),
    ],
)
def test_a_manifest_that_disagrees_is_found(
    folder: Path, change: Callable[[dict[str, Any]], None], fault: str
) -> None:
    with manifest(folder) as data:
        change(data)
    assert fault in said(folder)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (put("recipe", "request", "use_until", to="soon"), "recipe.request.use_until"),
        (put("recipe", "request", "use_until", to="2031-12-01"), "recipe.request.use_until"),
        (
            put("recipe", "request", "use_until", to="2031-12-01T00:00:00"),
            "recipe.request.use_until",
        ),
        (put("recipe", "request", "use_until", to="1990000000"), "recipe.request.use_until"),
        (put("recipe", "request", "territories", to=5), "recipe.request.territories"),
        (put("recipe", "shard", to=3), "recipe.shard"),
        (put("recipe", "shard", "buckets", to=5), "recipe.shard.buckets"),
        (put("recipe", "clip", "height", to="120"), "recipe.clip.height"),
        (put("recipe", "clip", "crop_bars", to=[1]), "recipe.clip.crop_bars"),
    ],
)
def test_a_recipe_that_is_none_is_a_fault_and_the_others_are_told(
    made: tuple[Settings, str],
    folder: Path,
    change: Callable[[dict[str, Any]], None],
    fault: str,
) -> None:
    settings, release_id = made
    with manifest(folder) as data:
        change(data)
    (folder / CARD).write_text("{}")
    found = verify(Place.parse(folder), anchor=anchor_of(Store.at(settings.store), release_id))
    told = {(one.file, one.what) for one in found.faults}
    assert any(file == "manifest.json" and fault in what for file, what in told)
    assert any(file == CARD for file, _ in told)
    assert found.standing is None
    assert any("that takes its recipe" in what for what in found.unchecked)


def test_a_release_of_the_first_format_which_has_no_cards_is_still_read(folder: Path) -> None:
    with manifest(folder) as data:
        for file in (*data.pop("cards"), *data.pop("papers")):
            data["totals"]["bytes"] -= file["bytes"]
            (folder / file["path"]).unlink()
        data["format"] = 1
    assert said(folder) == ""


def test_fields_that_no_release_has_are_found(folder: Path) -> None:
    places = (
        *(("licence",), ("totals", "works"), ("excluded", 0, "note")),
        *(("credits", 0, "address"), ("recipe", "clip", "look")),
    )
    with manifest(folder) as data:
        for place in places:
            put(*place, to="CC0-1.0")(data)
    found = said(folder)
    for place in places:
        name = ".".join(str(part) for part in place if part != 0)
        assert f"manifest.json: '{name}' is no field of a manifest" in found


def test_a_card_that_was_changed_is_found(folder: Path) -> None:
    text = (folder / CARD).read_text()
    (folder / CARD).write_text(text.replace("0", "1", 1))
    assert said(folder) == f"{CARD}: its SHA-256 is not the one in the manifest: a byte was changed"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (put("totals", "samples", to="many"), "totals.samples: Input should be a valid integer"),
        (put("totals", "seconds", to=float("nan")), "totals.seconds"),
        (put("shards", 0, "samples", to="3"), "shards.0.samples"),
        (put("shards", 0, "seconds", to="3"), "shards.0.seconds"),
        (put("shards", 0, "files", 0, "bytes", to=-1), "shards.0.files.0.bytes"),
        (put("shards", 0, "files", 0, "more", to=1), "shards.0.files.0.more"),
        (put("shards", to={}), "shards: "),
        (put("format", to="1"), "format: "),
        (put("format", to=5), "has format 5; this code reads up to 4"),
        (put("release_id", to="../x"), "release_id"),
        (put("recipe", to=None), "recipe: "),
        (lambda d: d.pop("totals"), "totals: Field required"),
    ],
)
def test_an_unusable_manifest_is_an_error(
    folder: Path, change: Callable[[dict[str, Any]], object], reason: str
) -> None:
    with manifest(folder) as data:
        change(data)
    with pytest.raises(ReleaseError, match=reason):
        verify(Place.parse(folder))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is no manifest"),
        ("[]", "is no manifest"),
        ("[" * 200_000, "nested too deep"),
        ('{"format": 1, "format": 1}', "the name 'format' is given twice"),
        ("\xff", "is no manifest"),
        ("9" * 5000, "is no manifest"),
    ],
)
def test_a_manifest_of_odd_text_is_an_error(folder: Path, text: str, reason: str) -> None:
    (folder / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ReleaseError, match=reason):
        verify(Place.parse(folder))


def test_a_recipe_too_deep_is_no_traceback(folder: Path) -> None:
    raw = (folder / "manifest.json").read_text()
    deep = "[" * 900 + "]" * 900
    (folder / "manifest.json").write_text(raw.replace('"seed": 0', f'"seed": 0, "deep": {deep}'))
    assert "recipe" in said(folder)


@pytest.mark.parametrize("path", [TAR, PARQUET, CARD])
def test_a_file_that_is_gone_is_one_fault(folder: Path, path: str) -> None:
    (folder / path).unlink()
    assert said(folder) == f"{path}: is missing"
