import pytest

from curation.rights.eidr import claims_content_eidr, eidr_failure, normal_eidr
from tests.catalog.sheets import BAD, GOOD

TAIL = GOOD.removeprefix("10.5240/")


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"urn:eidr:10.5240:{TAIL}",
        f"md:cid:eidr-s:{TAIL}",
        f"https://doi.org/{GOOD}",
        f"doi:{GOOD}",
        GOOD.lower(),
        f" {GOOD} ",
    ],
)
def test_aliases_have_one_spelling(text: str) -> None:
    assert normal_eidr(text) == GOOD


def test_an_extension_stays() -> None:
    text = f"md:cid:eidr-x:{TAIL}:cut2"
    assert normal_eidr(text) == text


@pytest.mark.parametrize("text", ["10.5237/FFDA-9947", "10.5239/1D3A-2BC4", "md:cid:org:x:1"])
def test_other_ids_claim_nothing(text: str) -> None:
    assert not claims_content_eidr(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [(BAD, "should end in Y"), ("10.5240/1489-ZZ45", "five groups"), (f"10.5240/:{TAIL}", "write")],
)
def test_a_failing_one_says_why(text: str, words: str) -> None:
    assert normal_eidr(text) is None
    assert claims_content_eidr(text)
    assert words in eidr_failure(text)
