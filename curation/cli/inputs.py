"""What a person typed, read, or refused in one line that says what, why and the remedy."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from curation import strict_json
from curation.console import InputError, one_line


def one_of(value: str, offered: tuple[str, ...], *, option: str = "--format") -> None:
    """`InputError`, naming what is offered, where an option's value is another."""
    if value not in offered:
        raise InputError(f"{option} {value!r} is unknown; give one of {', '.join(offered)}")


def json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    try:
        value = strict_json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; check the path") from error
    except ValueError as error:
        raise InputError(f"{path} is not readable JSON: {one_line(error)}; mend it") from error
    if not isinstance(value, dict):
        raise InputError(f"{path} holds no JSON object; write {{…}}")
    return value


def instant(text: str | None) -> datetime | None:
    """An instant in ISO 8601 with its offset; None of None."""
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(
            f"{text!r} is no ISO 8601 instant; write it as 2026-11-01T00:00:00Z"
        ) from error
    if value.tzinfo is None:
        raise InputError(f"{text!r} has no offset; write it as 2026-11-01T00:00:00Z")
    return value
