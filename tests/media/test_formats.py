"""Frame i at PTS p shows picture i, in every container and codec that films come in."""

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from curation.media import Timeline, probe, read_timeline
from tests.media.barcode import COUNT, RATE, SIZE, decoded_whole, encode, remux, shown
from tests.media.field_pairs import encode_fields

Options = dict[str, Any]

X264: Options = {"vcodec": "libx264", "preset": "veryfast"}
X265: Options = {"vcodec": "libx265", "preset": "ultrafast"}
OPEN: Options = {"x264-params": "open-gop=1:bframes=3:b-pyramid=normal"}
PRORES: Options = {"vcodec": "prores_ks", "pix_fmt": "yuv422p10le"}
DNXHR: Options = {"vcodec": "dnxhd", "profile:v": "dnxhr_sq", "pix_fmt": "yuv422p"}
DNXHD: Options = {"vcodec": "dnxhd", "b:v": "60M", "pix_fmt": "yuv422p"}
J2K: Options = {"vcodec": "jpeg2000", "pix_fmt": "yuv422p10le"}
MPEG2: Options = {"vcodec": "mpeg2video", "bf": 2, "q:v": 3}
INTERLACED: Options = {"vf": "setfield=tff", "flags": "+ildct+ilme"}
AV1: Options = {"vcodec": "libsvtav1", "preset": 10, "crf": 20}
VP9: Options = {"vcodec": "libvpx-vp9", "cpu-used": 8, "lag-in-frames": 12, "auto-alt-ref": 1}
JITTER = "'N*3600+mod(N*N\\,7)*400+gt(N\\,20)*90000'"
JITTERED = tuple(
    Fraction(n * 3600 + n * n % 7 * 400 + (n > 20) * 90_000, 90_000) for n in range(COUNT)
)


@dataclass(frozen=True)
class Format:
    """A film to make, and what is to be known of it."""

    name: str
    codec: str
    options: Options = field(default_factory=dict)
    size: tuple[int, int] = SIZE
    count: int = COUNT
    depth: int = 8
    jitter: bool = False
    start: Fraction | None = None
    by_order: bool = False


FORMATS = [
    Format("h264.mp4", "h264", X264),
    Format("h264.mov", "h264", X264),
    Format("h264.mkv", "h264", X264),
    Format("h264.ts", "h264", X264),
    Format("h264.avi", "h264", X264, by_order=True),
    Format("h264.mxf", "h264", X264 | {"pix_fmt": "yuv422p10le"}, depth=10, by_order=True),
    Format("h264_fragments.mp4", "h264", X264 | {"movflags": "+frag_keyframe+empty_moov"}),
    Format("h264_interlaced.ts", "h264", X264 | INTERLACED),
    Format("h264_open.mp4", "h264", X264 | OPEN),
    Format("h264_open.mkv", "h264", X264 | OPEN),
    Format("h264_open.ts", "h264", X264 | OPEN),
    Format("h264_vfr.mp4", "h264", X264 | {"video_track_timescale": 90_000}, jitter=True),
    Format("h264_vfr.mkv", "h264", X264, jitter=True),
    Format("h264_vfr.ts", "h264", X264, jitter=True),
    Format("h264_offset.ts", "h264", X264 | {"output_ts_offset": 36_000}, start=Fraction(36_000)),
    # The clock of a transport stream begins anew after 2^33 ticks, 95,443.7 s.
    Format("h264_wrap.ts", "h264", X264 | {"output_ts_offset": 95_441}, start=Fraction(95_441)),
    Format("hevc.mp4", "hevc", X265 | {"tag:v": "hvc1"}),
    Format("hevc.mkv", "hevc", X265),
    Format("hevc.ts", "hevc", X265),
    Format("hevc10.mp4", "hevc", X265 | {"pix_fmt": "yuv420p10le"}, depth=10),
    Format("hevc10.mkv", "hevc", X265 | {"pix_fmt": "yuv420p10le"}, depth=10),
    Format("prores.mov", "prores", PRORES, depth=10),
    Format("dnxhr.mov", "dnxhd", DNXHR, size=(320, 180)),
    Format("dnxhr.mxf", "dnxhd", DNXHR, size=(320, 180)),
    Format("dnxhd.mov", "dnxhd", DNXHD, size=(1280, 720), count=4),
    Format("dnxhd.mxf", "dnxhd", DNXHD, size=(1280, 720), count=4),
    Format("dnxhd_atom.mxf", "dnxhd", DNXHD | {"f": "mxf_opatom"}, size=(1280, 720), count=4),
    Format("j2k.mov", "jpeg2000", J2K, depth=10),
    Format("j2k.mxf", "jpeg2000", J2K, depth=10),
    Format("mpeg2.mpg", "mpeg2video", MPEG2),
    Format("mpeg2_interlaced.mpg", "mpeg2video", MPEG2 | INTERLACED),
    Format("mpeg2_interlaced.ts", "mpeg2video", MPEG2 | INTERLACED),
    Format("mpeg2_interlaced.mxf", "mpeg2video", MPEG2 | INTERLACED | {"pix_fmt": "yuv422p"}),
    Format("mpeg2.mxf", "mpeg2video", MPEG2 | {"pix_fmt": "yuv422p"}),
    Format("av1.mp4", "av1", AV1),
    Format("av1.mkv", "av1", AV1),
    Format("av1.webm", "av1", AV1),
    Format("vp9.webm", "vp9", VP9),
    Format("vp9_vfr.webm", "vp9", VP9, jitter=True),
]


@pytest.mark.parametrize("film", FORMATS, ids=lambda film: film.name)
def test_every_frame_shows_its_own_picture_at_its_own_time(tmp_path: Path, film: Format) -> None:
    path = tmp_path / film.name
    times = JITTER if film.jitter else ""
    encode(path, count=film.count, size=film.size, times=times, **film.options)
    timeline = read_timeline(str(path))
    info = probe(str(path))
    assert (info.codec, info.bit_depth) == (film.codec, film.depth)
    assert timeline.by_order == film.by_order
    assert_right(path, timeline, range(film.count))
    ideal = JITTERED if film.jitter else tuple(Fraction(n, RATE) for n in range(film.count))
    drift = [timeline.seconds(i) - timeline.seconds(0) - ideal[i] for i in range(film.count)]
    assert max(map(abs, drift)) <= timeline.time_base / 2
    assert timeline.is_variable == film.jitter
    if not film.jitter:
        assert timeline.seconds(film.count) - timeline.seconds(0) == Fraction(film.count, RATE)
    if film.start is not None:
        assert (timeline.seconds(0) - film.start) % Fraction(1 << 33, 90_000) < 2


def assert_right(path: Path, timeline: Timeline, numbers: range) -> None:
    """Frames given out are those of the timeline and show `numbers`, as PyAV alone has them."""
    assert shown(path, timeline) == [
        (i, timeline.seconds(i), number) for i, number in enumerate(numbers)
    ]
    assert [timeline.index_at(int(p)) for p in timeline.pts] == list(range(len(timeline)))
    if not timeline.by_order:
        assert decoded_whole(path) == list(zip(timeline.pts.tolist(), numbers, strict=True))


def test_an_edit_list_begins_where_it_says(tmp_path: Path) -> None:
    whole = encode(tmp_path / "whole.mp4", **X264)
    cut = remux(whole, tmp_path / "cut.mp4", seek=0.76)
    timeline = read_timeline(str(cut))
    assert_right(cut, timeline, range(19, COUNT))
    assert timeline.notes == ("7 packets are not shown (edit list)",)


@pytest.mark.parametrize("name", ["remuxed.mp4", "remuxed.mkv"])
def test_decoding_times_passed_off_as_presentation_times(tmp_path: Path, name: str) -> None:
    source = encode(tmp_path / "source.mxf", **(X264 | {"pix_fmt": "yuv422p10le"}))
    film = remux(source, tmp_path / name)
    timeline = read_timeline(str(film))
    assert_right(film, timeline, range(COUNT))
    assert any("reordering" in note for note in timeline.notes)
    assert timeline.seconds(COUNT - 1) == Fraction(COUNT - 1, RATE)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("h264.ts", X264 | OPEN),
        ("hevc.ts", X265),
        ("mpeg2.ts", MPEG2 | INTERLACED),
        ("mpeg2.mpg", MPEG2),
    ],
)
def test_a_recording_that_begins_inside_a_group_of_pictures(
    tmp_path: Path, name: str, options: Options
) -> None:
    film = encode(tmp_path / name, **options)
    data = film.read_bytes()
    unit = 188 if name.endswith("ts") else 2048
    film.write_bytes(data[max(unit, len(data) * 3 // 10 // unit * unit) :])
    timeline = read_timeline(str(film))
    assert len(timeline) >= COUNT // 2
    assert_right(film, timeline, range(COUNT - len(timeline), COUNT))
    assert any("before the film's beginning" in note for note in timeline.notes)
    assert len(timeline.order) == 0


@pytest.mark.parametrize("name", ["twice.ts", "twice.mp4"])
def test_of_two_frames_at_one_time_the_first_is_given(tmp_path: Path, name: str) -> None:
    whole = encode(tmp_path / f"whole{Path(name).suffix}", **X264)
    ticks = read_timeline(str(whole)).pts
    step = int(ticks[1] - ticks[0])
    shift: Options = {"bsf:v": f"setts=pts=PTS-eq(N\\,20)*{step}"}
    film = remux(whole, tmp_path / name, **shift)
    timeline = read_timeline(str(film))
    assert len(timeline) == COUNT - 1
    assert timeline.notes == ("1 frames repeat a PTS and were left out",)
    first = dict(reversed(decoded_whole(film)))
    assert [n for _, _, n in shown(film, timeline)] == [first[int(p)] for p in timeline.pts]


def without_times(film: Path, keeps: int) -> Path:
    """Take PTS and DTS out of all but every `keeps`-th PES packet of a transport stream."""
    data = bytearray(film.read_bytes())
    at = count = 0
    while (at := data.find(b"\0\0\1\xe0", at)) >= 0:
        length = {2: 5, 3: 10}.get(data[at + 7] >> 6, 0)
        if count % keeps:
            data[at + 7] &= 0x3F
            data[at + 9 : at + 9 + length] = b"\xff" * length
        at, count = at + 4, count + 1
    film.write_bytes(data)
    return film


@pytest.mark.parametrize(("codec", "keeps"), [("h264", 2), ("h264", 12), ("hevc", 3)])
def test_missing_times_follow_from_their_neighbours(tmp_path: Path, codec: str, keeps: int) -> None:
    film = encode(tmp_path / "film.ts", **(X264 if codec == "h264" else X265))
    want = read_timeline(str(film))
    timeline = read_timeline(str(without_times(film, keeps)))
    assert timeline.pts.tolist() == want.pts.tolist()
    assert timeline.end == want.end
    assert timeline.by_order
    assert_right(film, timeline, range(COUNT))


@pytest.mark.parametrize("packets_a_frame", [1, 2])
@pytest.mark.parametrize("name", ["fields.ts", "fields.mkv", "fields.mp4"])
def test_two_fields_are_one_frame(tmp_path: Path, name: str, packets_a_frame: int) -> None:
    film = encode_fields(tmp_path / name, packets_a_frame=packets_a_frame)
    timeline = read_timeline(str(film))
    assert_right(film, timeline, range(COUNT))
    assert timeline.seconds(COUNT) - timeline.seconds(0) == Fraction(COUNT, RATE)
    assert int(timeline.size.min()) > 2 * 80 * 96
    assert not timeline.is_variable
    split = packets_a_frame == 2 or name.endswith("ts")
    assert timeline.notes == ((f"{COUNT} frames are stored as two fields",) if split else ())
    assert (len(timeline.order) == 0) == split


def test_mpeg2_without_times_is_timed_by_its_own_order(tmp_path: Path) -> None:
    film = encode(tmp_path / "film.ts", **MPEG2)
    want = read_timeline(str(film))
    timeline = read_timeline(str(without_times(film, 3)))
    assert timeline.pts.tolist() == want.pts.tolist()
    assert_right(film, timeline, range(COUNT))
