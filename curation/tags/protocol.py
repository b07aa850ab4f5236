"""What a tagger is: measures first, labels second.

A tagger looks at frames once, while the film is decoded, and keeps numbers. Everything decided
from the numbers (summaries, labels, confidences) is recomputed from what was stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from curation.media import Frame, VideoInfo
    from curation.media.audio import Stretch
    from curation.models import Weights

    Series: TypeAlias = Mapping[str, NDArray[np.float64]]

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Tag:
    """One label of one facet, how sure it is in [0, 1], and the numbers it was made from.

    `unknown` has confidence 0. A number that could not be measured is NaN. Raises `ValueError`
    for a confidence outside [0, 1].
    """

    facet: str
    label: str
    confidence: float
    measures: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 0.0 <= self.confidence <= 1.0:
            raise ValueError(f"confidence {self.confidence} of {self.facet} is not in [0, 1]")


@dataclass(frozen=True, slots=True)
class Facet:
    """A question a tagger answers: every label it may give, and its numbers with their units."""

    name: str
    labels: tuple[str, ...]
    measures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Needs:
    """The frames a tagger wants: at most `width` pixels wide, `per_second` of them.

    `per_second` None: every frame that is looked at. `pairs`: each with the one shown before it.
    `per_shot`: instead, so many stills of each shot, spread over what is its own, once shots are
    known; a short shot may have fewer, none has none. `sound`: no frames but the sound, and the
    meter is a `SoundMeter`. Raises `ValueError` where `per_shot` is no count, or pairs are wanted
    of it.
    """

    width: int = 320
    per_second: float | None = 1.0
    pairs: bool = False
    per_shot: int | None = None
    sound: bool = False

    def __post_init__(self) -> None:
        if self.per_shot is not None and (self.per_shot < 1 or self.pairs):
            raise ValueError(f"a tagger cannot be shown {self.per_shot} stills or pairs of a shot")


@dataclass(frozen=True, slots=True)
class HeldOut:
    """How a facet's labels came out on pictures that its maker held out.

    `confusion[i][j]` counts the pictures of which `labels[i]` is true and `labels[j]` is likeliest,
    however unsure: the label itself, or the largest of a tag's measures `p_<label>`. They are of
    `scenes` scenes, whose pictures err together. Raises `ValueError` for a confusion that is not
    square over the labels.
    """

    labels: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    scenes: int
    scores: Mapping[str, float | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.labels)
        if [len(row) for row in self.confusion] != [size] * size:
            raise ValueError(f"a confusion of {', '.join(self.labels)} has {size} rows of {size}")


@dataclass(frozen=True, slots=True)
class Card:
    """What the maker of a tagger says of it, so that its errors travel with its tags.

    `data` says what it was made and measured on, `facets` how each facet did, `words` what labels
    are called elsewhere: by facet, label and vocabulary. All of it is written as JSON.
    """

    data: Mapping[str, Any]
    facets: Mapping[str, HeldOut]
    words: Mapping[str, Mapping[str, Mapping[str, str | None]]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


Meter: TypeAlias = "Callable[[Frame, Frame | None], dict[str, float]]"
"""Measures of a frame: the same names every time, NaN where a measure is not defined.

The second frame is one shown at most a quarter of a second before, for a tagger that `needs` pairs
and where there is one. Frames come in any order: a meter holds no state between them, and keeps
none of them.
"""

SoundMeter: TypeAlias = "Callable[[Stretch], dict[str, NDArray[np.float64]]]"
"""Measures of some seconds of sound: the same names every time, each of shape (blocks,).

Of a stretch only the blocks are measured; what is heard before and after them is there to judge
them by. Stretches may come in any order, and a meter holds no state between them.
"""


class Tagger(Protocol):
    """Describes shots. Made without arguments; holds no state, which lives in its meters."""

    @property
    def name(self) -> str:
        """The name it is registered under."""

    @property
    def version(self) -> str:
        """Of the measures: another version looks at the film again."""

    @property
    def label_version(self) -> str:
        """Of the labels: another version relabels from stored measures, without the film."""

    @property
    def needs(self) -> Needs:
        """The frames to feed its meter."""

    @property
    def facets(self) -> tuple[Facet, ...]:
        """The facets that `label` answers, each once and in this order."""

    def meter(self, video: VideoInfo) -> Meter | SoundMeter:
        """A fresh meter for one film, of its frames or, for one that `needs` sound, of that.

        Raises `ModelUnavailableError` where what it measures with is not installed: it is then
        shown nothing, and the film's notes say why. Such a tagger's `version` is another one.
        """

    def summarise(self, series: Series, pts: NDArray[np.float64]) -> dict[str, float]:
        """One shot's numbers from the measures of its sampled frames.

        `series` holds one array of shape (samples,) a measure, `pts` their times in seconds. Of
        sound a sample is a block of 0.1 s, its time the block's first instant, and to its measures
        come those of the track (`curation.analysis.hearing`).
        Without samples the summary is empty and every label of it `unknown`.
        """

    def label(self, measures: Mapping[str, float]) -> tuple[Tag, ...]:
        """Tags of a shot from its summary, one a facet: pure, cheap; numbers may be missing.

        To the summary come the shot's `seconds`, unless it has such a number itself.
        """


def weights_of(tagger: Tagger) -> tuple[Weights, ...]:
    """The networks of a tagger that has a property `weights`; one without networks needs none.

    Raises `TypeError` where that is no tuple of `curation.models.Weights`.
    """
    from curation.models import Weights

    given = getattr(tagger, "weights", ())
    if not isinstance(given, tuple) or not all(isinstance(one, Weights) for one in given):
        raise TypeError(f"the weights of tagger {tagger.name} are {given!r:.80}: no tuple of them")
    return given


def card_of(tagger: Tagger) -> Card | None:
    """The card of a tagger that has a property `card`; none needs to.

    Raises `TypeError` where that is no `Card`.
    """
    card = getattr(tagger, "card", None)
    if card is not None and not isinstance(card, Card):
        raise TypeError(f"the card of tagger {tagger.name} is a {type(card).__name__}, not a Card")
    return card
