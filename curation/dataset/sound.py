"""What of a film's sound a clip carries, and what the rights gate is to be asked for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from curation.tags.components import ABSENT, COMPONENTS

if TYPE_CHECKING:
    from curation.dataset.columns import Column
    from curation.dataset.recipe import Recipe


def carried(known: Mapping[str, Column]) -> str:
    """SQL for the components of sound of a shot, as `curation.tags.components` has them: all that
    are not said to be absent."""
    parts = []
    for name in COMPONENTS:
        label = known.get(f"sound.{name}.label")
        absent = "false" if label is None else f"coalesce({label.sql} = '{ABSENT}', false)"
        parts.append(f"if({absent}, NULL, '{name}')")
    return f"list_filter([{', '.join(parts)}], lambda name: name IS NOT NULL)"


def to_ask(recipe: Recipe) -> str:
    """SQL for the components that the rights gate is asked for: the picture, and the sound where
    all that the clip carries of it is kept."""
    kept = ", ".join(f"'{name}'" for name in sorted(recipe.kept_sound))
    sounds = f"if(list_has_all([{kept}]::VARCHAR[], carried), carried, [])"
    return f"list_concat(['picture'], {sounds})"
