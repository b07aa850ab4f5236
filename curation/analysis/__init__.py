"""One film to shots, measures and tags: a single look that feeds every detector and tagger.

Runs inside an isolated worker, so arguments and results are plain values that can be pickled.
Importing this package loads no codec or vision library; the work does.
"""

from curation.analysis.conformed import Conformed, conformed, to_conform
from curation.analysis.failure import ANALYSIS_FAILED, PASSING, TAGGER_FAILED, TaggerFault
from curation.analysis.film import FilmJob, FilmRows, analyse_film, failed_film
from curation.analysis.keys import GivenList, shot_id, shots_key, work_key
from curation.analysis.known import KnownFilm
from curation.analysis.measured import labels
from curation.analysis.people import FoundShots, find_shots, tag_film

__all__ = [
    "ANALYSIS_FAILED",
    "PASSING",
    "TAGGER_FAILED",
    "Conformed",
    "FilmJob",
    "FilmRows",
    "FoundShots",
    "GivenList",
    "KnownFilm",
    "TaggerFault",
    "analyse_film",
    "conformed",
    "failed_film",
    "find_shots",
    "labels",
    "shot_id",
    "shots_key",
    "tag_film",
    "to_conform",
    "work_key",
]
