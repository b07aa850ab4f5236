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


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "", " ", "c:/x", "..\\x"])
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
