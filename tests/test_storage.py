import os
import pickle
from pathlib import Path

import pytest

from curation.storage import Place, StorageError


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "s3":
        return Place.parse(request.getfixturevalue("s3")) / "below"
    return Place.parse(tmp_path / "below")


def test_what_is_written_is_read_and_listed(place: Place) -> None:
    (place / "b/c.txt").write_bytes(b"two")
    (place / "a.txt").write_bytes(b"one")
    assert [(entry.path, entry.size) for entry in place.files()] == [("a.txt", 3), ("b/c.txt", 3)]
    assert (place / "a.txt").read_text() == "one"
    assert (place / "a.txt").entry().size == 3
    (place / "b").delete()
    assert [entry.path for entry in place.files()] == ["a.txt"]


def test_streams_are_seekable(place: Place) -> None:
    (place / "a").write_bytes(b"0123456789")
    with (place / "a").open() as stream:
        stream.seek(7)
        assert stream.read() == b"789"


def test_upload_and_digest(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"abc")
    (place / "copy").upload(source)
    assert (place / "copy").sha256().startswith("ba7816bf")


def test_absence_is_no_crash(place: Place) -> None:
    assert not (place / "nothing").exists()
    assert list((place / "nothing").files()) == []
    (place / "nothing").delete()
    with pytest.raises(StorageError, match="no such file"):
        (place / "nothing").entry()


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../x", "", " ", ".", "./", "c:/x", "c:\\x", "..\\x"]
)
def test_paths_that_leave_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(StorageError, match="leaves"):
        Place.parse(tmp_path).within(path)


def test_a_link_out_is_refused_and_a_link_inside_is_not(tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    (tmp_path / "secret.mp4").write_bytes(b"x")
    (library / "film.mp4").write_bytes(b"x")
    (library / "out.mp4").symlink_to(tmp_path / "secret.mp4")
    (library / "in.mp4").symlink_to(library / "film.mp4")
    with pytest.raises(StorageError, match="link that leads out"):
        Place.parse(library).within("out.mp4")
    assert Place.parse(library).within("in.mp4").read_bytes() == b"x"


def test_unknown_schemes_are_named() -> None:
    with pytest.raises(StorageError, match="ftp://x: unknown kind of place"):
        Place.parse("ftp://x")


def test_links_to_folders_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "film.mp4").write_bytes(b"x")
    (tmp_path / "a.mp4").symlink_to(tmp_path / "b" / "film.mp4")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "usr").symlink_to("/usr")
    (tmp_path / "gone.mp4").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.mp4")
    assert [entry.path for entry in Place.parse(tmp_path).files()] == ["a.mp4", "b/film.mp4"]


def test_names_that_are_strange_are_listed(tmp_path: Path) -> None:
    for name in (b"caf\xe9.mp4", b"two\nlines.mp4"):
        (tmp_path / os.fsdecode(name)).write_bytes(b"x")
    names = [entry.path for entry in Place.parse(tmp_path).files()]
    assert names == ["caf\ufffd.mp4", "two\nlines.mp4"]
    with pytest.raises(StorageError, match="no such file"):
        Place.parse(tmp_path).within(names[0]).entry()


@pytest.mark.parametrize("name", ["12:30.mp4", "a\\b.mp4", "two\nlines.mp4"])
def test_what_a_file_system_holds_can_be_read(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    assert Place.parse(tmp_path).within(name).read_bytes() == b"x"


@pytest.mark.parametrize("path", ["a\0b", "x" * 5000, "x/" * 5000, "itself", "\ud800"])
def test_impossible_paths_are_refused_in_words(tmp_path: Path, path: str) -> None:
    (tmp_path / "itself").symlink_to("itself")
    with pytest.raises(StorageError, match=r"names no file|cannot be read"):
        Place.parse(tmp_path).within(path).entry()


def test_what_is_no_file_says_what_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for ask in (Place.entry, Place.open, Place.sha256, Place.stamp):
        with pytest.raises(StorageError, match="is a folder"):
            ask(Place.parse(tmp_path))
        with pytest.raises(StorageError, match="is a pipe"):
            ask(Place.parse(tmp_path / "pipe"))


def test_a_stamp_tells_a_replaced_file(place: Place) -> None:
    (place / "a").write_bytes(b"one")
    before = (place / "a").stamp()
    assert (place / "a").stamp() == before
    (place / "a").write_bytes(b"other")
    assert (place / "a").stamp() != before


def test_a_missing_bucket_and_a_dead_endpoint_are_said(
    s3: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = Place.parse("s3://no-such-bucket/x")
    for do in (lambda: lost.write_bytes(b"x"), lambda: (lost / "a").read_bytes()):
        with pytest.raises(StorageError, match="s3://no-such-bucket/x"):
            do()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    dead = Place.parse(f"{s3}/a")
    for ask in (dead.exists, dead.entry, dead.read_bytes, lambda: list(dead.files())):
        with pytest.raises(StorageError, match="check the bucket, the endpoint"):
            ask()


def test_a_place_that_was_used_can_be_pickled(place: Place) -> None:
    place.exists()
    assert pickle.loads(pickle.dumps(place)) == place  # noqa: S301 - our own bytes
