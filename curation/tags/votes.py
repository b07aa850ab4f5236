"""Votes: what a model says that was only told what to look for, and was never measured here.

Prompts in a YAML file are the ballot: facets, each a question with labels, each label with texts
that describe it. Who votes is `zero_shot`, by stored vectors, or a voter of the entry points'
group `curation.voters`, a vision-language model say, by stills. Votes are tags of taggers
`<voter>.<facet>`, so they stand beside what is measured and never in its place; none is surer than
`CEILING`, and a number `votes` marks it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Protocol

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from curation.models import cache_folder
from curation.tags.protocol import UNKNOWN, Tag

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Pictures = NDArray[np.uint8]

GROUP: Final = "curation.voters"
CEILING: Final = 0.5
"""Of a vote's confidence: whoever asks for more than half is given measured labels alone."""
LEAST: Final = 0.8
"""Of a model's own probability, below which its vote is `unknown`. A wrong label is worse than
none; chosen on no film, for no model's probabilities are known to be right as often as they say."""


class VoteError(Exception):
    """Prompts or a voter that cannot be used; the message names it, the reason and the remedy."""


_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
_Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000)]


class Question(BaseModel):
    """One facet: what to ask, and texts for each label that may be the answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ask: _Text
    labels: dict[_Name, Annotated[tuple[_Text, ...], Field(min_length=1)]] = Field(min_length=2)


class Prompts(BaseModel):
    """A ballot: questions by the name of their facet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    facets: dict[_Name, Question] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Vote:
    """A label of a question, or `unknown`, and the voter's own probability of it in [0, 1]."""

    label: str
    probability: float


class Voter(Protocol):
    """Answers questions about stills. Made without arguments and cheaply: what is large waits."""

    @property
    def name(self) -> str:
        """The name it is registered under."""

    @property
    def version(self) -> str:
        """Of its answers: another version is asked again."""

    @property
    def width(self) -> int:
        """Of the stills that it wants, at most."""

    def vote(self, stills: Pictures, question: Question) -> Sequence[Vote]:
        """One vote for each uint8 R'G'B' still (n, height, width, 3), in their order.

        Raises `ModelUnavailableError` where it cannot be run here.
        """


def read_prompts(path: Path) -> Prompts:
    """The prompts in a YAML file.

    Raises `VoteError` for one that cannot be read, or says anything else.
    """
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        gist = " ".join(str(error).split())
        raise VoteError(f"{path} is no readable YAML: {gist}; mend it") from error
    try:
        prompts = Prompts.model_validate(said)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise VoteError(
            f"{path}: {where}: {first['msg']}; write facets, and for each what to ask and its "
            "labels, and for each label a list of texts, as examples/prompts.yaml does"
        ) from error
    for facet, question in prompts.facets.items():
        if UNKNOWN in question.labels:
            raise VoteError(f"{path}: facets.{facet}: {UNKNOWN} is what no label fits; remove it")
    return prompts


def voter_of(name: str) -> Voter:
    """The voter registered under a name. Raises `VoteError` where none is, or it does not load."""
    points = {point.name: point for point in entry_points(group=GROUP)}
    if name not in points:
        known = ", ".join(sorted(points)) or "none"
        raise VoteError(f"no voter {name!r} in the entry points {GROUP}; known: {known}")
    try:
        voter: Voter = points[name].load()()
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise VoteError(f"voter {name!r} does not load: {reason}; repair it") from error
    return voter


def digest(*parts: object) -> str:
    """Of values that JSON can hold, or questions."""
    plain = [part.model_dump() if isinstance(part, BaseModel) else part for part in parts]
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def ask(voter: Voter, question: Question, stills: Pictures) -> list[Vote]:
    """A vote on each still; what was answered before to the same question is read from the cache.

    It is keyed by the voter and its version, the question, and each still's pixels. Raises
    `VoteError` for answers that are no votes on the question, `ModelUnavailableError`.
    """
    key = digest(voter.name, voter.version, question)
    folder = cache_folder() / "votes"
    files = []
    for still in stills:
        pixels = hashlib.sha256(f"{still.shape}".encode() + still.tobytes()).hexdigest()
        name = digest(key, pixels)
        files.append(folder / name[:2] / f"{name}.json")
    votes = {n: vote for n, file in enumerate(files) if (vote := _kept(file, question))}
    new = [n for n in range(len(files)) if n not in votes]
    if new:
        given = list(voter.vote(stills[new], question))
        if len(given) != len(new):
            raise VoteError(f"{voter.name} gave {len(given)} votes on {len(new)} stills; repair it")
        for n, vote in zip(new, given, strict=True):
            if not _fits(vote, question):
                raise VoteError(f"{voter.name} gave {vote!r:.200}, which is no answer; repair it")
            votes[n] = vote
            with suppress(OSError):
                files[n].parent.mkdir(parents=True, exist_ok=True)
                files[n].write_text(json.dumps([vote.label, vote.probability]))
    return [votes[n] for n in range(len(files))]


def is_vote(measures: Mapping[str, float] | None) -> bool:
    """Whether a tag with these measures is a vote."""
    return bool(measures and measures.get("votes"))


def _kept(file: Path, question: Question) -> Vote | None:
    try:
        vote = Vote(*json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return vote if _fits(vote, question) else None


def _fits(vote: Any, question: Question) -> bool:
    return (
        isinstance(vote, Vote)
        and (vote.label == UNKNOWN or vote.label in question.labels)
        and isinstance(vote.probability, float | int)
        and 0 <= vote.probability <= 1
    )


def vote_tag(facet: str, vote: Vote, measures: Mapping[str, float] | None = None) -> Tag:
    """A vote as a tag: never surer than `CEILING`, `unknown` below `LEAST`."""
    said = vote.label if vote.probability >= LEAST else UNKNOWN
    sure = 0.0 if said == UNKNOWN else min(CEILING, vote.probability)
    return Tag(facet, said, sure, {"votes": 1.0, "p": vote.probability} | dict(measures or {}))
