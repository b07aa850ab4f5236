"""The verbs: one function for each step that a scheduler or a person can ask for.

Every function takes ``Settings`` and plain values and returns plain values, so that a task of a
scheduler, a test and the command line call the same thing. Progress goes to a ``tell`` function.
"""

from curation.stages.analysis import (
    AnalysisPlan,
    analyse,
    analyse_part,
    commit_analysis,
    plan_analysis,
    relabel,
)
from curation.stages.catalog import ingest
from curation.stages.releases import (
    ReleaseTasks,
    check_recipe,
    cut_film,
    discard,
    pack_shard,
    place_of,
    plan_release,
    publish,
    release,
    shards_of,
    verify,
)
from curation.stages.votes import vote

__all__ = [
    "AnalysisPlan",
    "ReleaseTasks",
    "analyse",
    "analyse_part",
    "check_recipe",
    "commit_analysis",
    "cut_film",
    "discard",
    "ingest",
    "pack_shard",
    "place_of",
    "plan_analysis",
    "plan_release",
    "publish",
    "relabel",
    "release",
    "shards_of",
    "verify",
    "vote",
]
