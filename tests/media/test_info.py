"""What `probe` tells, and how it refuses."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from curation.media import MediaCode, MediaError, frames, probe, read_timeline


def test_importing_the_room_loads_no_codec_library() -> None:
    script = "import curation.media, sys; assert not {'av', 'cv2', 'ffmpeg'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_describes_a_film(library: Path) -> None:
    info = probe(str(library / "night_call_tv_cut.mp4"))
    assert (info.codec, info.width, info.height, info.bit_depth) == ("h264", 480, 270, 8)
    assert info.average_rate == Fraction(30000, 1001)
    assert (info.matrix, info.colour_range, info.guessed) == ("bt709", "limited", ())
    assert [a.codec for a in info.audio] == ["aac"]
    assert info.duration == Fraction(895_895, 30_000)


def test_takes_the_first_of_the_default_streams(shared: Path) -> None:
    info = probe(str(shared / "films" / "torchcodec_nasa_13013.mp4"))
    assert (info.width, info.video_streams) == (320, 2)


@pytest.mark.parametrize(("size", "matrix"), [((128, 96), "smpte170m"), ((1280, 720), "bt709")])
def test_guesses_colour_by_height_on_the_record(
    make_film: Callable[..., Path], size: tuple[int, int], matrix: str
) -> None:
    info = probe(str(make_film(size=size, pts=(0, 1))))
    assert (info.matrix, info.colour_range) == (matrix, "limited")
    assert info.guessed == ("matrix", "primaries", "transfer", "range")


def test_display_size_squares_the_pixels_and_stands_upright(
    make_film: Callable[..., Path],
) -> None:
    film = make_film(size=(96, 96), aspect=Fraction(4, 3), rotation=90)
    info = probe(str(film))
    assert (info.width, info.height, info.rotation) == (96, 96, 90)
    assert (info.display_width, info.display_height) == (96, 128)
    picture = next(frames(str(film))).rgb
    assert picture.shape == (128, 96, 3)


def test_ten_bit_hevc(make_film: Callable[..., Path]) -> None:
    film = make_film("film.mkv", codec="libx265", pix_fmt="yuv420p10le")
    info = probe(str(film))
    assert (info.codec, info.bit_depth, info.pix_fmt) == ("hevc", 10, "yuv420p10le")


def _text(folder: Path) -> Path:
    path = folder / "notes.mp4"
    path.write_text("These are the notes of the editor, not a film.\n" * 50)
    return path


def _empty(folder: Path) -> Path:
    path = folder / "empty.mp4"
    path.touch()
    return path


def _playlist(folder: Path) -> Path:
    path = folder / "list.mp4"
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://192.0.2.1/x.ts\n")
    return path


def _script(folder: Path) -> Path:
    path = folder / "script.mp4"
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    return path


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_text, MediaCode.CANNOT_OPEN),
        (_empty, MediaCode.EMPTY_FILE),
        (_playlist, MediaCode.CANNOT_OPEN),
        (_script, MediaCode.CANNOT_OPEN),
        (lambda folder: folder, MediaCode.CANNOT_OPEN),
        (lambda folder: folder / "absent.mp4", MediaCode.CANNOT_OPEN),
        (lambda folder: "http://192.0.2.1/film.mp4", MediaCode.CANNOT_OPEN),
    ],
)
def test_refuses_what_is_no_film(
    tmp_path: Path, make: Callable[[Path], Path], code: MediaCode
) -> None:
    source = str(make(tmp_path))
    for door in (probe, read_timeline, lambda film: next(frames(film))):
        with pytest.raises(MediaError) as caught:
            door(source)
        assert caught.value.code == code


def test_refuses_the_broken_reel(library: Path) -> None:
    with pytest.raises(MediaError) as caught:
        probe(str(library / "broken_reel.mp4"))
    assert caught.value.code == MediaCode.CANNOT_OPEN


def test_refuses_sound_alone(tmp_path: Path, run_ffmpeg: Callable[..., None]) -> None:
    film = tmp_path / "sound.mp4"
    run_ffmpeg("-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac", film)
    with pytest.raises(MediaError) as caught:
        probe(str(film))
    assert caught.value.code == MediaCode.NO_VIDEO


def test_refuses_encrypted_samples(
    tmp_path: Path, make_film: Callable[..., Path], run_ffmpeg: Callable[..., None]
) -> None:
    film = tmp_path / "locked.mp4"
    scheme = ("-encryption_scheme", "cenc-aes-ctr", "-encryption_kid", "a7" * 16)
    run_ffmpeg("-i", make_film(), "-c", "copy", *scheme, "-encryption_key", "76" * 16, film)
    for door in (probe, read_timeline):
        with pytest.raises(MediaError) as caught:
            door(str(film))
        assert caught.value.code == MediaCode.ENCRYPTED


def test_refuses_an_absurd_size(tmp_path: Path, run_ffmpeg: Callable[..., None]) -> None:
    film = tmp_path / "wide.avi"
    run_ffmpeg("-f", "lavfi", "-i", "color=s=64x64:d=0.2", "-c:v", "rawvideo", film)
    data = film.read_bytes()
    header, rest = data[:600], data[600:]
    film.write_bytes(header.replace(int.to_bytes(64, 4, "little"), b"\x30\x75\0\0") + rest)
    with pytest.raises(MediaError) as caught:
        probe(str(film))
    assert caught.value.code == MediaCode.ABSURD_HEADER


def test_refuses_a_stream_without_times(
    tmp_path: Path, make_film: Callable[..., Path], run_ffmpeg: Callable[..., None]
) -> None:
    film = tmp_path / "raw.h264"
    run_ffmpeg("-i", make_film(), "-c", "copy", film)
    with pytest.raises(MediaError) as caught:
        read_timeline(str(film))
    assert caught.value.code == MediaCode.NO_TIMESTAMPS
