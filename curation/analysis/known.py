"""What an earlier analysis stored of a film, and what of it is still good."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from curation.analysis.notes import standing_notes
from curation.tables.packed import Packed

if TYPE_CHECKING:
    from curation.tags import Tagger

Row = dict[str, Any]


@dataclass(frozen=True)
class KnownFilm:
    """Rows of the tables of those names that an earlier analysis stored, and the film's notes."""

    shots: list[Row]
    measures: Packed
    cut_list_notes: list[Row] = field(default_factory=list)
    embeddings: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def has_shots_of(self, key: str) -> bool:
        """Whether the shots are those that work of this key finds."""
        return bool(self.shots) and all(shot["work_key"] == key for shot in self.shots)

    def lacks_every_frame(self, every: Sequence[Tagger]) -> bool:
        """Whether certain frames will not do: a tagger of every frame has not measured as now."""
        have = {(row["tagger"], row["version"]) for row in self.measures.only("tagger", "version")}
        return any((t.name, t.version) not in have for t in every if t.needs.per_second is None)

    def standing(self, every: Sequence[Tagger]) -> tuple[dict[tuple[str, str], int], list[Tagger]]:
        """Which of the measures are good as they are, by shot and tagger, and who lacks some."""
        current, kept, have = {tagger.name: tagger.version for tagger in every}, {}, set()
        rows = self.measures.only("shot_id", "tagger", "version", "frames")
        for number, row in enumerate(rows):
            name = row["tagger"]
            if current.get(name) == row["version"]:
                kept[row["shot_id"], name] = number
                have |= {name} if row["frames"] else set()
        return kept, [tagger for tagger in every if tagger.name not in have]

    def standing_notes(self, stale: Sequence[Tagger], *, is_seen_anew: bool) -> list[str]:
        """The notes that hold on when these taggers alone work again."""
        is_heard_anew = any(tagger.needs.sound for tagger in stale)
        return standing_notes(self.notes, is_seen_anew=is_seen_anew, is_heard_anew=is_heard_anew)

    def frames_for(self, eyes: Sequence[Tagger], every: Sequence[Tagger]) -> dict[str, list[int]]:
        """The frames to show to each of `eyes`: its own, or, of a tagger that is new, of those that
        any of `every` was shown who samples."""
        sampled = [
            tagger.name
            for tagger in every
            if not tagger.needs.sound and tagger.needs.per_second is not None
        ]
        seen = self._frames_of(sampled)
        return {
            tagger.name: self._frames_of([tagger.name]) or self._some_of(seen, tagger)
            for tagger in eyes
        }

    def _frames_of(self, names: Collection[str]) -> list[int]:
        rows = self.measures.only("tagger", "frames")
        return sorted({int(f) for row in rows if row["tagger"] in names for f in row["frames"]})

    def _some_of(self, frames: list[int], tagger: Tagger) -> list[int]:
        from curation.analysis.shelf import spread

        count = tagger.needs.per_shot
        if count is None:
            return frames
        spans = [(int(shot["clean_start"]), int(shot["clean_end"])) for shot in self.shots]
        return [index for span in spans for index in spread(frames, *span, count)]
