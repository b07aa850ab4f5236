"""JSON from strangers: what it says twice, what is no number and what is too deep is refused.

Of a name said twice the standard reader keeps the last; a prohibition could be lost that way.
"""

from __future__ import annotations

import json
from typing import Any

INT64 = 1 << 63


def loads(text: str | bytes) -> Any:
    """Read JSON.

    Raises:
        ValueError: in words, for text that is no JSON, a name said twice in one object, NaN and
            infinities, an integer beyond 64 bits, half a surrogate pair, and nesting too deep.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_once,
            parse_constant=_no_number,
            parse_int=_integer,
        )
        json.dumps(value, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error
    except UnicodeError as error:
        raise ValueError(f"it is no text: {error}") from error
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it says {twice!r} twice in one object; say it once")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number in JSON")


def _integer(digits: str) -> int:
    if len(digits) > 20 or not -INT64 <= int(digits) < INT64:
        raise ValueError(f"{digits[:20]}… is beyond 64 bits")
    return int(digits)
