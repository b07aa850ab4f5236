from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from curation.tags import TaggerError, failures, family, registry, taggers

OURS = EntryPoint("lighting", "curation.tags.lighting:LightingTagger", registry.GROUP)
BROKEN = EntryPoint("broken", "no_such_package:Tagger", registry.GROUP)
LIAR = EntryPoint("liar", "curation.tags.quality:QualityTagger", registry.GROUP)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([OURS, BROKEN, LIAR])
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))


def test_ours_are_registered() -> None:
    assert {"lighting", "quality"} <= {tagger.name for tagger in taggers()}
    assert [t.name for t in taggers(["people", "palette"])] == ["people", "palette"]


def test_a_family_is_asked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    part = EntryPoint("quality", "curation.tags.quality:QualityTagger", registry.GROUP)
    other = EntryPoint("qualityish", "no_such_package:Tagger", registry.GROUP)
    points = EntryPoints([part, other])
    monkeypatch.setattr(registry, "entry_points", lambda group: points.select(group=group))
    assert [tagger.name for tagger in taggers(["quality", "quality"])] == ["quality"]
    assert family("quality.sharpness") == family("quality") == "quality"


def test_an_unknown_name_is_told_the_nearest() -> None:
    with pytest.raises(TaggerError, match="did you mean 'lighting'"):
        taggers(["lightning"])


@pytest.mark.usefixtures("registered")
def test_a_broken_one_stops_no_other_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    assert [tagger.name for tagger in taggers()] == ["lighting"]
    assert "'broken'" in caplog.text
    assert "no_such_package" in failures()["broken"]
    assert "calls itself 'quality'" in failures()["liar"]
    with pytest.raises(TaggerError, match=r"'broken'.*does not load"):
        taggers(["broken"])


def test_a_name_registered_twice_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = EntryPoints([OURS, EntryPoint("lighting", "other:Tagger", registry.GROUP)])
    monkeypatch.setattr(registry, "entry_points", lambda group: twice)
    with pytest.raises(TaggerError, match="registered twice"):
        taggers(["lighting"])


def test_the_package_imports_no_opencv() -> None:
    code = "import sys, curation.tags; sys.exit('cv2' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
