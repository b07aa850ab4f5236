from pathlib import Path
from typing import Any

import pytest

from curation.dataset.recipe import RecipeError, read_recipe, recipe_from
from curation.dataset.recipe.form import form, from_form, recipe_schema
from curation.storage import Place

GOOD: dict[str, Any] = {
    "name": "a",
    "request": {
        "licensee": "lab",
        "territories": ["US"],
        "use_from": "2026-12-01T00:00:00Z",
        "use_until": "2031-01-01T00:00:00Z",
    },
}


@pytest.mark.parametrize("name", ["balanced-study", "lab-pretraining", "low-key-study"])
def test_the_examples_are_recipes_and_survive_the_form(root: Path, name: str) -> None:
    recipe = read_recipe(Place.parse(root / "examples" / "recipes" / f"{name}.yaml"))
    assert from_form({field: value for field, (value, _) in form(recipe).items()}) == recipe


def test_the_published_schema_is_that_of_the_code(root: Path) -> None:
    assert (root / "docs" / "recipe.schema.json").read_text() == recipe_schema(), (
        "write it again: curation recipe schema > docs/recipe.schema.json"
    )


def test_the_program_prints_the_schema() -> None:
    from typer.testing import CliRunner

    from curation.cli import app

    said = CliRunner().invoke(app, ["recipe", "schema"])
    assert said.output == recipe_schema()


def test_filters_may_be_mere_text_and_be_called_sql_as_they_once_were() -> None:
    given = ["seconds > 1", {"name": "long", "sql": "seconds > 2"}]
    found = recipe_from(GOOD | {"filters": given}).filters
    assert [(one.name, one.where) for one in found] == [
        ("filter-1", "seconds > 1"),
        ("long", "seconds > 2"),
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"filtrs": []}, "filtrs: unknown field; did you mean 'filters'"),
        ({"clip": {"hight": 3}}, "clip.hight: unknown field; did you mean 'height'"),
        ({"clip": {"min_seconds": 5, "max_seconds": 1}}, "max_seconds must not be below"),
        ({"name": "Not A Name"}, "name"),
        ({"split": {"train": 0}}, "train 0, val 0 and test 0 add to 0; give shares that add to 1"),
        ({"split": {"train": 0.9, "val": 0.2}}, "split: train 0.9, val 0.2 and test 0 add to 1.1"),
        ({"split": {"val": 0.1}}, "train 1, val 0.1 and test 0 add to 1.1; .* train among them"),
        ({"split": {"train": 8, "val": 1, "test": 1}}, "split.train: .* less than or equal to 1"),
        ({"kinds": ["pictures"]}, r"^recipe: kinds.0: [^;]*\(given: 'pictures'\)$"),
        ({"kinds": []}, "kinds: Tuple should have at least 1 item"),
        ({"filters": [{"name": "x", "where": "1"}] * 2}, "'x' is given twice"),
        ({"request": {**GOOD["request"], "use_until": "2026-12-01T00:00:00Z"}}, "later than"),
        (
            {"request": {**GOOD["request"], "use_from": "2026-12-01"}},
            "use_from: 2026-12-01 has no time and offset",
        ),
        ({"request": {**GOOD["request"], "territories": []}}, "territories"),
        ({"request": {**GOOD["request"], "territories": ["UK"]}}, "request: 'UK' is no territory"),
        (
            {"request": {**GOOD["request"], "action": "train_gn"}},
            "request: 'train_gn' is no action of the rights gate; it knows use_ai",
        ),
        ({"request": {**GOOD["request"], "components": ["sound"]}}, "components.0"),
        ({"request": {**GOOD["request"], "components": ["music"]}}, "components must name picture"),
        ({"bounds": {"motion": {"mn": 1}}}, "bounds.motion.mn: unknown field; did you mean 'min'"),
        ({"bounds": {"motion": {}}}, "give min, max or both"),
        ({"bounds": {"motion": {"min": 2, "max": 1}}}, "max must not be below min"),
        ({"bounds": {"1=1; x": {"min": 2}}}, "bounds.1=1; x.*: no column is written like this"),
        ({"quotas": {"at_most": [{"per": "title", "shar": 1}]}}, "did you mean 'share'"),
        ({"quotas": {"at_most": [{"per": "title"}]}}, "give either share or count"),
        ({"quotas": {"balance": {"by": "title"}}}, "give total as well"),
        ({"audio": {"keep": ["music"]}}, "audio: keep names music, which request.components"),
        ({"clip": {"fps": 0.5}}, r"clip.fps: .* or equal to 1 \(given: 0.5\)"),
        ({"clip": {"fps": 1e-9}}, "clip.fps: .* or equal to 1"),
        ({"clip": {"fps": float("nan")}}, "clip.fps: .* finite number"),
        ({"clip": {"fps": True}}, "clip.fps: write the rate as a number"),
        ({"clip": {"fps": "24000/1001"}}, "clip.fps: .* 23.976 is 24000/1001"),
        ({"clip": {"fps": 10 / 3}}, "clip.fps: no clip's clock is that fine; write 3.333333"),
        ({"clip": {"split_long": True, "max_seconds": 1.5}}, "twice min_seconds"),
    ],
)
def test_faults_name_their_field(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        recipe_from(GOOD | change)


@pytest.mark.parametrize("fps", [None, 1, 12.5, 23.976, 24000 / 1001, 240])
def test_a_rate_is_a_number(fps: float | None) -> None:
    assert recipe_from(GOOD | {"clip": {"fps": fps}}).clip.fps == fps


def test_shares_may_be_rounded() -> None:
    shares = {"train": 0.33, "val": 0.33, "test": 0.33}
    assert recipe_from(GOOD | {"split": shares}).split.train == 0.33


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [secret", r"not readable YAML: .* at line 1, column 11; mend it there"),
        ("secret: 1\nname: [secret\nrequest: secret", "not readable YAML: .* at line 3, column 8;"),
        ("name: a\nname: b", "'name' is said twice; say it once at line 2, column 1"),
        ("name: a\nrequest: {licensee: a, licensee: b}", "'licensee' is said twice"),
        ("name: 2026-99-01", "not readable YAML: month must be in"),
        ("[" * 5000, "nested too deep"),
        ("secret is no recipe", "is no recipe: it has neither name nor request"),
        ("secret: 1", "is no recipe: it has neither name nor request"),
        ("", "is no recipe"),
        ("caf\xe9", "is not UTF-8 at byte 3"),
    ],
)
def test_a_file_that_is_no_recipe_is_told_without_its_content(
    tmp_path: Path, text: str, words: str
) -> None:
    (tmp_path / "r.yaml").write_bytes(text.encode("latin-1"))
    with pytest.raises(RecipeError, match=words) as told:
        read_recipe(Place.parse(tmp_path / "r.yaml"))
    assert "secret" not in str(told.value)


def test_an_error_repeats_little_of_what_it_was_given() -> None:
    with pytest.raises(RecipeError) as told:
        recipe_from(GOOD | {"name": "x" * 10_000})
    assert len(str(told.value)) < 400


def test_sound_is_kept_only_when_all_of_it_is_asked_for() -> None:
    parts = ["picture", "dialogue", "music", "effects"]
    for components, sound in ((parts, True), (parts[:3], False), (parts[:1], False)):
        request = GOOD["request"] | {"components": components}
        assert recipe_from(GOOD | {"request": request}).sound is sound
