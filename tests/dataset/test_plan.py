"""A plan is read as it was written, or refused."""

from datetime import UTC, datetime

import pytest

from curation.dataset.plan import FORMAT_VERSION, Plan, ReleaseError
from curation.dataset.recipe import recipe_from
from curation.rights import PerformerGate
from tests.dataset.recipe.test_recipe import GOOD

PLAN = Plan(
    release_id="a-1",
    recipe=recipe_from(GOOD),
    known_at=datetime(2026, 11, 21, tzinfo=UTC),
    rulebook_sha256="0" * 64,
    performer_gate=PerformerGate.ALL_TRAINING,
    films={"x": "/films/x.mp4"},
    shards=("train-000000",),
    samples=1,
    cards={},
    remarks=("in 3 of the shots no faces were looked for",),
)


def test_a_plan_is_read_as_it_was_written() -> None:
    assert Plan.from_json(PLAN.to_json()) == PLAN


@pytest.mark.parametrize("change", [{"format": FORMAT_VERSION - 1}, {"format": None}])
def test_a_plan_of_another_version_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ReleaseError, match=r"the plan of a-1 has format .* Plan the release again"):
        Plan.from_json(PLAN.to_json() | change)
