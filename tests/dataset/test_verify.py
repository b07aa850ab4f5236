"""What verification sees: each test forges a release, most with every hash written anew."""

import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from curation import stages
from curation.dataset import row_check, tar_check
from curation.dataset.filing import file_papers
from curation.dataset.plan import ReleaseError, read_plan, read_samples
from curation.dataset.shards import Shard, pack_shard
from curation.dataset.verify import verify
from curation.media import ClipSpec, Encoding, write_clips
from curation.papers import binder
from curation.settings import Settings
from curation.storage import Place
from curation.tables import Store
from curation.tables.store import canonical_json, rows_of
from tests.dataset.conftest import KNOWN_AT, recipe

CARD = "cards/lighting.json"
TAR, PARQUET = "shards/train-000000.tar", "parquet/split=train/train-000000.parquet"
Members = list[tuple[str, bytes]]
Row = dict[str, Any]


def said(folder: Path) -> str:
    """All faults of a folder, one a line."""
    return "\n".join(str(fault) for fault in verify(Place.parse(folder)).faults)


@contextmanager
def manifest(folder: Path) -> Iterator[dict[str, Any]]:
    file = folder / "manifest.json"
    data = json.loads(file.read_text())
    yield data
    file.write_text(json.dumps(data))


def reseal(folder: Path) -> None:
    """Write all papers, sizes and hashes anew, as a forger who has this code would."""
    with manifest(folder) as data:
        files = [*data["cards"], *(file for shard in data["shards"] for file in shard["files"])]
        _rehash(folder, files)
        with suppress(AttributeError, KeyError, TypeError, ValueError, pa.ArrowException):
            _refile(folder, data)
        _rehash(folder, data["papers"])
        data["totals"]["bytes"] = sum(file["bytes"] for file in (*files, *data["papers"]))


def _refile(folder: Path, data: dict[str, Any]) -> None:
    cards = [json.loads((folder / card["path"]).read_text()) for card in data["cards"]]
    file_papers(
        Place.parse(folder),
        data,
        [Shard.from_json(shard) for shard in data["shards"]],
        cards={card["tagger"]: card for card in cards},
        negative=(folder / "left_out.parquet").read_bytes(),
    )


def _rehash(folder: Path, files: list[dict[str, Any]]) -> None:
    for file in files:
        raw = (folder / file["path"]).read_bytes()
        file |= {"bytes": len(raw), "sha256": hashlib.sha256(raw).hexdigest()}


def members_of(path: Path) -> Members:
    with tarfile.open(path) as tar:
        pairs = [(member.name, tar.extractfile(member)) for member in tar.getmembers()]
        return [(name, stream.read()) for name, stream in pairs if stream]


def write_tar(path: Path, members: Members) -> None:
    """Write members as packing does."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.uname, info.gname = len(data), 0o444, "curation", "curation"
            tar.addfile(info, io.BytesIO(data))


def forge_tar(folder: Path, change: Callable[[Members], Members]) -> None:
    write_tar(folder / TAR, change(members_of(folder / TAR)))
    reseal(folder)


def forge_rows(folder: Path, change: Callable[[list[Row]], list[Row] | None]) -> None:
    """Change rows, and the ``.json`` members and hashes that follow from them."""
    table = pq.read_table(folder / PARQUET, partitioning=None)
    rows = rows_of(table)
    rows = change(rows) or rows
    forge_table(folder, pa.Table.from_pylist(rows, schema=table.schema))
    text = {f"{row['key']}.json": canonical_json(row).encode() for row in rows}
    forge_tar(folder, lambda members: [(n, text.get(n, data)) for n, data in members])


def forge_table(folder: Path, table: pa.Table) -> None:
    pq.write_table(table, folder / PARQUET)
    reseal(folder)


def test_a_forger_who_changes_nothing_is_not_found(folder: Path) -> None:
    forge_rows(folder, lambda rows: None)
    found = verify(Place.parse(folder))
    assert found.good
    assert not found.anchored


@pytest.mark.parametrize("since", range(len(row_check._CAME_LATER)))
def test_a_release_from_before_clips_told_so_much_is_good(folder: Path, since: int) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    rows, later = rows_of(table), row_check._CAME_LATER[since:]
    for row in rows:
        row["clip"] = {name: value for name, value in row["clip"].items() if name not in later}
    at = table.schema.get_field_index("clip")
    older = pa.struct([f for f in table.schema.field("clip").type if f.name not in later])
    schema = table.schema.set(at, pa.field("clip", older))
    forge_table(folder, pa.Table.from_pylist(rows, schema=schema))
    text = {f"{row['key']}.json": canonical_json(row).encode() for row in rows}
    forge_tar(folder, lambda members: [(n, text.get(n, data)) for n, data in members])
    assert verify(Place.parse(folder)).good


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


def _set(*path: str | int, to: object) -> Callable[[dict[str, Any]], None]:
    def change(data: Any) -> None:
        for part in path[:-1]:
            data = data[part]
        data[path[-1]] = to

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
        (_request("components", ["music"]), "cleared for components"),
        (_request("more", "1"), "cleared for more None"),
        (lambda d: d["recipe"]["request"].pop("licensee"), "recipe.request lacks licensee"),
        (_set("recipe", "seed", to=1), "recipe_sha256 is not that of its recipe"),
        (_set("recipe", "name", to="other"), "is no release of its recipe"),
        (_set("recipe", "clip", "still", to=False), "the recipe asks for no still"),
        (_set("rulebook_sha256", to="0" * 64), "under another rulebook"),
        (_set("totals", "seconds", to=1.0), "totals.seconds is 1.0"),
        (_set("totals", "bytes", to=1), "totals.bytes is 1"),
        (_set("totals", "samples", to=1), "totals.samples is 1"),
        (_set("totals", "excluded", to=901), "totals.excluded is 901"),
        (
            _set("excluded", to=[{"station": "cut", "reason": "X", "shots": 900}]),
            "its parts add to 900",
        ),
        (_set("shards", 0, "seconds", to=1.0), "seconds, the manifest says 1.0"),
        (_set("shards", 0, "samples", to=9), "3 rows, the manifest says 9"),
        (_set("shards", 0, "split", to="val"), "of split 'val' is no name of a shard"),
        (_set("shards", 0, "name", to="../../x-1"), "is no name of a shard"),
        (_set("shards", 0, "name", to="train-000001"), "lists the shard 'train-000001' 2 times"),
        (_set("shards", 0, "files", 0, "path", to="../x.tar"), "'../x.tar' is no file of the"),
        (_drop_file(".tar"), f"lists {TAR} 0 times"),
        (_drop_file(".parquet"), f"lists {PARQUET} 0 times"),
        (_set("shards", 0, "files", to=[]), f"{TAR}: is not in the manifest"),
        (_set("cards", to=[]), f"{CARD}: is not in the manifest"),
        (_set("cards", 0, "path", to="../x.json"), "'../x.json' is no name of a card"),
        (_list_twice(CARD), f"lists '{CARD}' 2 times"),
        (_set("licence", to="CC0-1.0"), "'licence' is no field of a manifest"),
        (_set("totals", "works", to=1), "'totals.works' is no field of a manifest"),
        (_set("excluded", 0, "note", to="x"), "'excluded.note' is no field of a manifest"),
        (_set("credits", 0, "address", to="x"), "'credits.address' is no field of a manifest"),
        (_set("recipe", "clip", "look", to="x"), "'recipe.clip.look' is no field of a manifest"),
        (_set("sources", to=[]), "its sources are not the films of its samples"),
    ],
)
def test_a_manifest_that_disagrees_is_found(
    folder: Path, change: Callable[[dict[str, Any]], None], fault: str
) -> None:
    with manifest(folder) as data:
        change(data)
    assert fault in said(folder)


def test_a_release_of_the_first_format_which_has_no_cards_is_still_read(folder: Path) -> None:
    with manifest(folder) as data:
        for file in (*data.pop("cards"), *data.pop("papers")):
            data["totals"]["bytes"] -= file["bytes"]
            (folder / file["path"]).unlink()
        data["format"] = 1
    assert said(folder) == ""


def test_a_card_that_was_changed_is_found(folder: Path) -> None:
    text = (folder / CARD).read_text()
    (folder / CARD).write_text(text.replace("0", "1", 1))
    assert said(folder) == f"{CARD}: its SHA-256 is not the one in the manifest: a byte was changed"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("totals", "samples", to="many"), "totals.samples: Input should be a valid integer"),
        (_set("totals", "seconds", to=float("nan")), "totals.seconds"),
        (_set("shards", 0, "samples", to="3"), "shards.0.samples"),
        (_set("shards", 0, "seconds", to="3"), "shards.0.seconds"),
        (_set("shards", 0, "files", 0, "bytes", to=-1), "shards.0.files.0.bytes"),
        (_set("shards", 0, "files", 0, "more", to=1), "shards.0.files.0.more"),
        (_set("shards", to={}), "shards: "),
        (_set("format", to="1"), "format: "),
        (_set("format", to=5), "has format 5; this code reads up to 4"),
        (_set("release_id", to="../x"), "release_id"),
        (_set("recipe", to=None), "recipe: "),
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


@pytest.mark.parametrize("column", ["rights", "key", "clip", "seconds", "frames"])
def test_a_column_that_is_missing_is_a_fault(folder: Path, column: str) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    forge_table(folder, table.drop_columns([column]))
    assert said(folder) == f"{PARQUET}: has no column {column!r}"


@pytest.mark.parametrize("column", ["rights", "key", "clip", "seconds", "work_id"])
def test_a_null_is_a_fault(folder: Path, column: str) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    at = table.column_names.index(column)
    field = table.schema.field(column)
    forge_table(folder, table.set_column(at, field, pa.nulls(table.num_rows, field.type)))
    assert ("names no sample" if column == "key" else f"its {column} is null") in said(folder)


@pytest.mark.parametrize(
    ("column", "values"),
    [("seconds", ["1", "2", "3"]), ("clip", ["a", "b", "c"]), ("rights", ["a", "b", "c"])],
)
def test_a_column_of_another_kind_is_a_fault(
    folder: Path, column: str, values: list[object]
) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    at = table.column_names.index(column)
    forge_table(folder, table.set_column(at, column, pa.array(values)))
    assert f"its column '{column}' is string, not" in said(folder)


def test_a_column_that_is_there_twice_is_a_fault(folder: Path) -> None:
    table = pq.read_table(folder / PARQUET, partitioning=None)
    forge_table(folder, table.append_column("rights", table.column("rights")))
    assert "2 columns are called 'rights'" in said(folder)


def test_too_many_rows_are_not_read(folder: Path) -> None:
    forge_table(folder, pa.table({"key": pa.nulls(200_000, pa.string())}))
    assert "200000 rows; a shard has 100000 at most" in said(folder)


def _first(*path: str, to: object) -> Callable[[list[Row]], None]:
    return lambda rows: _set(*path, to=to)(rows[0])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_first("rights", "outcome", to="REVIEW"), "its decision is REVIEW, not ALLOW"),
        (_first("rights", "licensee", to="x"), "cleared for licensee 'x'"),
        (_first("rights", "rulebook_sha256", to="x"), "under another rulebook"),
        (_first("shot_id", to="x"), "its shot_id is 'x', not its key"),
        (_first("seconds", to=99.0), "seconds, the manifest says"),
        (_first("seconds", to=float("nan")), "its seconds are nan"),
        (_first("frames", to=1), "frames cut of a span"),
        (_first("clip", "tar", to="shards/val-000000.tar"), "it says that it lies in"),
        (_first("clip", "still_sha256", to=None), "still_sha256 is None, but the recipe asks"),
        (_first("clip", "width", to=16), "its row says 16 by 120"),
        (_first("clip", "bytes", to=16), "its row says 16"),
        (lambda rows: [*rows, rows[0]], "2 rows have this key"),
        (lambda rows: rows[:2], "2 rows, the manifest says 3"),
        (lambda rows: rows[::-1], "in another order than the rows"),
    ],
)
def test_rows_that_cannot_be_are_found(
    folder: Path, change: Callable[[list[Row]], list[Row] | None], fault: str
) -> None:
    forge_rows(folder, change)
    assert fault in said(folder)


def test_a_work_in_two_splits_is_found(folder: Path) -> None:
    forge_rows(folder, lambda rows: [_set("clip", "tar", to=TAR.replace("train", "val"))(r) or r
                                     for r in rows])  # fmt: skip
    for path in (TAR, PARQUET):
        new = folder / path.replace("train", "val")
        new.parent.mkdir(exist_ok=True)
        (folder / path).rename(new)
    with manifest(folder) as data:
        shard = data["shards"][0]
        shard |= {"name": "val-000000", "split": "val"}
        for file in shard["files"]:
            file["path"] = file["path"].replace("train", "val")
    assert "its work 'W002-A' is in val too" in said(folder)


def _flip_in(kind: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        at = next(i for i, (name, _) in enumerate(members) if name.endswith(kind))
        data = bytearray(members[at][1])
        data[len(data) // 2] ^= 1
        return [*members[:at], (members[at][0], bytes(data)), *members[at + 1 :]]

    return change


def _swap(kind: str) -> Callable[[Members], Members]:
    def change(members: Members) -> Members:
        data = dict(members)
        one, two = [name for name in data if name.endswith(kind)][:2]
        data[one], data[two] = data[two], data[one]
        return list(data.items())

    return change


def _lose(kind: str) -> Callable[[Members], Members]:
    return lambda members: [m for m in members if not m[0].endswith(kind)]


def _deep(members: Members) -> Members:
    return [(n, b"[" * 200_000 if n.endswith(".json") else data) for n, data in members]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (_flip_in(".jpg"), "its .jpg: it has another SHA-256"),
        (_flip_in(".mp4"), "its .mp4: it has another SHA-256"),
        (_flip_in(".json"), "its .json: it differs from its Parquet row"),
        (_swap(".jpg"), "its .jpg: it has another SHA-256"),
        (_swap(".mp4"), "its .mp4: it has"),
        (_lose(".jpg"), "its .jpg is missing"),
        (_lose(".mp4"), "its .mp4 is missing"),
        (_lose(".json"), "its .json is missing"),
        (_deep, "its .json: it differs from its Parquet row"),
        (lambda m: [*m, (m[0][0].replace(".jpg", ".txt"), b"x")], "its .txt: no row calls for"),
        (lambda m: [*m, ("stranger.mp4", b"x")], "sample stranger: its .mp4: no row calls for"),
        (lambda m: [*m, ("../\x1b[2J", b"x")], "'../\\x1b[2J': no row calls for this member"),
        (lambda m: [*m, m[2]], "its .mp4 is there 2 times"),
        (lambda m: m[::-1], "in another order than the rows"),
        (lambda m: [("./" + m[0][0], m[0][1]), *m[1:]], "no row calls for this member"),
        (lambda m: [], "its .mp4 is missing"),
    ],
)
def test_a_tar_with_other_members_is_found(
    folder: Path, change: Callable[[Members], Members], fault: str
) -> None:
    forge_tar(folder, change)
    assert fault in said(folder)


def _behind_the_end(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100] + b"s" * 100)


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + bytes(10240))


def _half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _padding(path: Path) -> None:
    with tarfile.open(path) as tar:
        member = next(m for m in tar.getmembers() if m.size % 512)
    raw = bytearray(path.read_bytes())
    raw[member.offset_data + member.size] = 1
    path.write_bytes(raw)


def _odd(kind: bytes, **fields: Any) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        members = members_of(path)
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
            for name, data in members:
                info = tarfile.TarInfo(name)
                info.size = len(data) if kind == tarfile.REGTYPE else 0
                info.type = kind
                for field, value in fields.items():
                    setattr(info, field, value)
                tar.addfile(info, io.BytesIO(data))

    return spoil


def _huge(path: Path) -> None:
    info = tarfile.TarInfo("x.mp4")
    info.size = 1 << 50
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(10240 - 512))


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (_behind_the_end, "there is something after its last member"),
        (_longer, "but its members end at"),
        (_half, "goes beyond the end"),
        (_padding, "its header is not as releases write them"),
        (_odd(tarfile.REGTYPE, mtime=7), "its header is not as releases write them"),
        (_odd(tarfile.SYMTYPE, linkname="/etc/passwd"), "is no regular file"),
        (_odd(tarfile.DIRTYPE), "is no regular file"),
        (_huge, "goes beyond the end"),
        (lambda path: path.write_bytes(b""), "breaks off at byte 0"),
        (lambda path: path.write_bytes(b"no tar" * 1000), "cannot be read as a tar"),
    ],
)
def test_a_tar_that_is_built_oddly_is_found(
    folder: Path, spoil: Callable[[Path], object], fault: str
) -> None:
    spoil(folder / TAR)
    reseal(folder)
    assert fault in said(folder)


@pytest.mark.parametrize(
    ("picture", "fault"),
    [
        (b"no picture", "it is no JPEG picture"),
        (cv2.imencode(".jpg", np.zeros((8, 8, 3), np.uint8))[1].tobytes(), "8 by 8, its row says"),
    ],
)
def test_a_still_that_is_none_is_found(folder: Path, picture: bytes, fault: str) -> None:
    digest = hashlib.sha256(picture).hexdigest()
    forge_rows(folder, _first("clip", "still_sha256", to=digest))
    forge_tar(folder, lambda m: [(m[0][0], picture), *m[1:]])
    assert fault in said(folder)


def test_sound_that_was_not_asked_for_is_found(
    made: tuple[Settings, str], folder: Path, tmp_path: Path
) -> None:
    row = rows_of(pq.read_table(folder / PARQUET, partitioning=None))[0]
    spec = ClipSpec(row["clean_start"], row["clean_end"], tmp_path / "loud.mp4")
    film = Path(made[0].library) / "window_seat.mp4"
    loud = Encoding(height=120, crf=20, preset="ultrafast", audio=True)
    (report,) = write_clips(str(film), [spec], encode=loud)
    clip = row["clip"] | {"sha256": report.sha256, "bytes": report.bytes}
    forge_rows(folder, _first("clip", to=clip))
    forge_tar(folder, lambda m: [*m[:2], (m[2][0], spec.path.read_bytes()), *m[3:]])
    fault = "its .mp4: it has sound, and sound was not asked for"
    assert said(folder) == f"{TAR} sample {row['key']}: {fault}"


def test_what_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as small:
        small.setattr(tar_check, "MOST_BYTES", 1000)
        small.setattr(tar_check, "MOST_STILL_BYTES", 1000)
        assert "bytes; this code reads up to 1000" in said(folder)
    table = pq.read_table(folder / PARQUET, partitioning=None)
    forge_table(folder, table.append_column("bomb", pa.array(["0" * 1_000_000] * 3)))
    for most, fault in ((20_000, "bytes; this code reads up to"), (500_000, "its rows need more")):
        with monkeypatch.context() as small:
            small.setattr(row_check, "MOST_BYTES", most)
            assert fault in said(folder)


def test_many_faults_end_early(folder: Path) -> None:
    forge_tar(folder, lambda m: [*m, *((f"x{n}.txt", b"") for n in range(2000))])
    assert said(folder).count("\n") < 1100
    assert "too many faults" in said(folder)


@pytest.mark.parametrize("path", [TAR, PARQUET, CARD])
def test_a_file_that_is_gone_is_one_fault(folder: Path, path: str) -> None:
    (folder / path).unlink()
    assert said(folder) == f"{path}: is missing"
