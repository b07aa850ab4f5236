import pytest

from curation import strict_json


def test_plain_json_is_read() -> None:
    assert strict_json.loads('{"a": [1, -2.5, null, "ü"]}') == {"a": [1, -2.5, None, "ü"]}
    assert strict_json.loads(str(-(2**63))) == -(2**63)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1, "a": 2}', "'a' twice"),
        ('[{"b": {"a": 1, "a": 1}}]', "'a' twice"),
        ("NaN", "NaN is no number"),
        ("[-Infinity]", "no number"),
        ("9223372036854775808", "beyond 64 bits"),
        ("1" * 5000, "beyond 64 bits"),
        ("[" * 100_000, "nested too deep"),
        ('"\\ud800"', "no text"),
        (b"\xff", "no text"),
        ("{", "line 1"),
    ],
)
def test_what_could_hide_something_is_refused(text: str | bytes, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        strict_json.loads(text)
