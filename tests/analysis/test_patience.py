"""A film that hangs is given up in proportion to it, not when the greatest of films would be."""

import time
from pathlib import Path

import pytest

from curation.analysis import FilmJob, analyse_film, look, patience
from curation.isolation import Worker, WorkerError
from curation.media import probe, read_timeline


def hang_on(film: Path) -> None:
    """Analyse a film as if it hung once its timeline is known; for a worker."""
    patience.LEAST_S, patience.FRAME_S = 0.3, 0.01  # type: ignore[misc]
    look.look = lambda *_, **__: time.sleep(60)  # type: ignore[assignment]
    analyse_film(FilmJob("", str(film), "cpu", verify=False))


def test_a_hang_ends_long_before_the_worker_would_end_it(root: Path) -> None:
    film = root / "examples" / "library" / "vfr_phone.mp4"
    began = time.monotonic()
    with Worker(timeout_s=600, memory_mb=2048) as worker:
        worker.call(time.sleep, 0)
        with pytest.raises(WorkerError, match="no result after") as caught:
            worker.call(hang_on, film)
    assert caught.value.reason == "TIMED_OUT"
    assert time.monotonic() - began < 300


def test_patience_grows_with_the_film(root: Path) -> None:
    film = str(root / "examples" / "library" / "vfr_phone.mp4")
    info, timeline = probe(film), read_timeline(film)
    per_frame = (patience.to_analyse(info, timeline) - patience.LEAST_S) / len(timeline)
    assert per_frame == pytest.approx(patience.FRAME_S + 640 * 360 * patience.PIXEL_S)
    assert patience.to_open(100 << 30) > 10 * patience.to_open(1 << 30) > 10 * patience.LEAST_S
