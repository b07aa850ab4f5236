"""Lighting labels in the words of others: benchmarks, a video generator's prompts, a sentence.

Terms are spelt as their vocabularies spell them:

- ShotBench (Liu et al. 2025, arXiv:2506.21356): the answer options of its questions on lighting
  type and lighting condition, as the predictions published with its code list them
  (github.com/Vchitect/ShotBench, `eval_results`).
- CineTechBench (Wang et al. 2025, arXiv:2505.15145): `OPTIONS` of lighting, and of colour for
  monochrome (github.com/PRIS-CV/CineTechBench, `eval/CAPability_eval/evaluation/OPTIONS.py`).
- Wan 2.2: `T2V_A14B_EN_SYS_PROMPT`, by which its own prompts are rewritten: time, light source,
  intensity, tone and angle of light (github.com/Wan-Video/Wan2.2, `wan/utils/system_prompt.py`).

A label that only a wider term covers, always, has that one; one that none covers has None.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from curation.tags.protocol import UNKNOWN, Tag

SURE: Final = 0.8
"""A caption says what is at least so sure: of calibrated labels four in five are right or more."""


class Terms(NamedTuple):
    """One label in three vocabularies; None where a vocabulary has no term for it."""

    shotbench: str | None = None
    cinetechbench: str | None = None
    wan: str | None = None


TERMS: Final[Mapping[str, Mapping[str, Terms]]] = {
    "key_style": {
        "high_key": Terms(cinetechbench="High Key"),
        "low_key": Terms(cinetechbench="Low Key"),
    },
    "chiaroscuro": {"yes": Terms("High contrast", "Low Key")},
    "contrast": {
        "flat": Terms("Low contrast"),
        "high": Terms("High contrast"),
        "extreme": Terms("High contrast"),
    },
    "quality": {
        "hard": Terms("Hard light", "Hard Light", "Hard lighting"),
        "soft": Terms("Soft light", "Soft Light", "Soft lighting"),
    },
    "direction": {
        "side": Terms("Side light", "Side Light", "Side lighting"),
        "back": Terms("Backlight", "Back Light"),
        "top": Terms("Top light", "Top Light", "Top lighting"),
        "under": Terms("Underlight", None, "Underlighting"),
    },
    "backlit": {"yes": Terms("Backlight", "Back Light")},
    "silhouette": {"yes": Terms("Silhouette")},
    "colour": {"warm": Terms(wan="Warm colors"), "cool": Terms(wan="Cool colors")},
    "mixed": {"yes": Terms(wan="Mixed colors")},
    "monochrome": {"yes": Terms(cinetechbench="Black and White")},
    "source": {
        "artificial": Terms("Artificial light", None, "Artificial lighting"),
        "daylight": Terms("Daylight", None, "Daylight"),
        "firelight": Terms("Firelight", None, "Firelight"),
        "fluorescent": Terms("Fluorescent", None, "Fluorescent lighting"),
        "golden_hour": Terms("Daylight", None, "Daylight"),
        "mixed": Terms("Mixed light"),
        "moonlight": Terms("Moonlight", None, "Moonlight"),
        "neon": Terms("Artificial light", None, "Artificial lighting"),
        "overcast": Terms("Overcast", None, "Overcast lighting"),
        "practical": Terms("Practical light", None, "Practical lighting"),
        "sunny": Terms("Sunny", None, "Sunny lighting"),
    },
    "time": {"day": Terms(wan="Day time"), "night": Terms(wan="Night time")},
}
"""Terms by facet and label; what is not listed has none."""

Label: TypeAlias = "tuple[str, str]"
"""A facet and one of its labels."""

_GELS: Final = ("red", "amber", "green", "cyan", "blue", "purple", "magenta")
_TINTS: Final = ("green", "magenta")


def _each(facet: str, *labels: str) -> tuple[Label, ...]:
    return tuple((facet, label) for label in labels)


_CONTRADICTIONS: Final[Mapping[Label, tuple[Label, ...]]] = {
    ("time", "night"): _each("source", "daylight", "sunny", "overcast", "golden_hour"),
    ("time", "day"): _each("source", "moonlight"),
    ("quality", "hard"): _each("source", "overcast"),
    ("key_style", "high_key"): (
        *_each("silhouette", "yes"),
        *_each("chiaroscuro", "yes"),
        *_each("source", "moonlight", "firelight"),
    ),
    ("key_style", "normal"): _each("chiaroscuro", "yes"),
    ("chiaroscuro", "yes"): _each("contrast", "flat", "normal"),
    ("direction", "front"): (*_each("side", "L", "R"), *_each("backlit", "yes")),
    ("direction", "back"): _each("backlit", "no"),
    ("direction", "top"): _each("side", "L", "R"),
    ("direction", "under"): _each("side", "L", "R"),
    ("silhouette", "yes"): (
        *_each("backlit", "no"),
        *_each("direction", "front", "front_side"),
        *_each("contrast", "flat", "normal", "high", "extreme"),
    ),
    ("colour", "warm"): _each("gel", "green", "cyan", "blue"),
    ("colour", "cool"): (
        *_each("gel", "red", "amber"),
        *_each("source", "firelight", "golden_hour"),
    ),
    ("monochrome", "yes"): (
        *_each("colour", "warm", "cool", "tinted"),
        *_each("tint", *_TINTS),
        *_each("gel", *_GELS),
        *_each("mixed", "yes"),
        *_each("source", "golden_hour"),
    ),
}
"""What cannot be said of one shot: each label, and those that it rules out."""

_KEY_STYLES: Final = {"low_key": "low-key", "high_key": "high-key"}
_TIMES: Final = {"night": "at night", "day": "by day"}
_DIRECTIONS: Final = {
    "front": "frontal light",
    "front_side": "three-quarter light",
    "side": "side light",
    "back": "backlight",
    "top": "top light",
    "under": "underlight",
}
_SIDES: Final = {"L": "from camera left", "R": "from camera right"}
_SOURCES: Final = {
    "artificial": "artificial light",
    "daylight": "daylight",
    "firelight": "firelight",
    "fluorescent": "fluorescent light",
    "golden_hour": "golden-hour light",
    "mixed": "mixed light",
    "moonlight": "moonlight",
    "neon": "neon light",
    "overcast": "overcast light",
    "practical": "practicals",
    "sunny": "sunlight",
}
_DYNAMICS: Final = {
    "change": "changing light",
    "flicker": "flickering light",
    "strobe": "strobing light",
    "flash": "flashing light",
}


def caption(tags: Iterable[Tag]) -> str:
    """One English sentence on a shot's light; empty where nothing of it is sure.

    It says only labels of at least `SURE`; of two that contradict each other the surer one. The
    ratio of key to fill is rounded to half a stop.
    """
    said = _agreeing(tags)
    labels = {facet: tag.label for facet, tag in said.items()}
    clauses = (
        _scene(labels),
        _key(labels),
        _subject(labels),
        *_colours(labels),
        _DYNAMICS.get(labels.get("dynamics", ""), ""),
        _ratio(said),
    )
    text = ", ".join(clause for clause in clauses if clause)
    return f"{text[0].upper()}{text[1:]}." if text else ""


def stored_caption(facets: Mapping[str, Mapping[str, Any] | None]) -> str:
    """The caption of a shot from its column in `tagged_shots`.

    Facets there are structs of label, confidence and numbers, null where nothing was said.
    """
    tags = []
    for facet, one in facets.items():
        if one and one["label"] is not None:
            numbers = {name: value for name, value in one.items() if isinstance(value, float)}
            tags.append(Tag(facet, one["label"], one["confidence"], numbers))
    return caption(tags)


def _agreeing(tags: Iterable[Tag]) -> dict[str, Tag]:
    """Sure tags by facet, without those that a surer one contradicts."""
    sure = [tag for tag in tags if tag.confidence >= SURE and tag.label != UNKNOWN]
    kept: dict[str, Tag] = {}
    for tag in sorted(sure, key=lambda t: (-t.confidence, t.facet, t.label)):
        if not any(_contradict(tag, other) for other in kept.values()):
            kept.setdefault(tag.facet, tag)
    return kept


def _contradict(one: Tag, other: Tag) -> bool:
    this, that = (one.facet, one.label), (other.facet, other.label)
    return that in _CONTRADICTIONS.get(this, ()) or this in _CONTRADICTIONS.get(that, ())


def _joined(*words: str | None) -> str:
    return " ".join(word for word in words if word)


def _one_of(labels: Mapping[str, str], facet: str, *known: str) -> str | None:
    """The label of a facet where it is one of these words, which are English as they stand."""
    return label if (label := labels.get(facet)) in known else None


def _scene(labels: Mapping[str, str]) -> str:
    style = _KEY_STYLES.get(labels.get("key_style", ""))
    if labels.get("chiaroscuro") == "yes":
        style = "chiaroscuro"
    grey = "black-and-white" if labels.get("monochrome") == "yes" else None
    setting = _one_of(labels, "setting", "interior", "exterior")
    time = _TIMES.get(labels.get("time", ""))
    if not (style or grey or setting or time):
        return ""
    return _joined(grey, style, setting or "scene", time)


def _key(labels: Mapping[str, str]) -> str:
    quality = _one_of(labels, "quality", "hard", "soft")
    direction = _DIRECTIONS.get(labels.get("direction", ""))
    side = _SIDES.get(labels.get("side", ""))
    return _joined(quality, direction or "light", side) if quality or direction or side else ""


def _subject(labels: Mapping[str, str]) -> str:
    if labels.get("silhouette") == "yes":
        return "subject in silhouette"
    is_said = labels.get("direction") == "back"
    return "backlit subject" if labels.get("backlit") == "yes" and not is_said else ""


def _colours(labels: Mapping[str, str]) -> tuple[str, ...]:
    tone = _one_of(labels, "colour", "warm", "cool")
    source = _SOURCES.get(labels.get("source", ""))
    gel, tint = _one_of(labels, "gel", *_GELS), _one_of(labels, "tint", *_TINTS)
    return (
        _joined(tone, source or "tones") if tone or source else "",
        f"{gel} gel light" if gel else "",
        f"{tint} tint" if tint and not gel else "",
        "mixed color temperatures" if labels.get("mixed") == "yes" else "",
    )


def _ratio(said: Mapping[str, Tag]) -> str:
    if "contrast" not in said:
        return ""
    stops = said["contrast"].measures.get("ratio_stops", math.nan)
    if not 0 <= stops < math.inf:
        return ""
    halves = math.floor(2 * stops + 0.5)
    if not halves:
        return "key and fill even"
    amount = {1: "half a stop", 2: "1 stop"}.get(halves, f"{halves / 2:g} stops")
    return f"about {amount} key to fill"
