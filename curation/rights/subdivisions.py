"""Parts of countries (ISO 3166-2): which exist, and which may lie in one another.

No standard-library list exists, so the countries met most are listed here and the rest are known
by their shape. Where a country is not listed its codes may nest, as `GB-LND` lies in `GB-ENG`.
Source: ISO 3166-2:2020 with its changes to 2024.
"""

from __future__ import annotations

from collections.abc import Mapping

_LISTED: Mapping[str, frozenset[str]] = {
    country: frozenset(parts.split())
    for country, parts in {
        "AT": "1 2 3 4 5 6 7 8 9",
        "AU": "ACT NSW NT QLD SA TAS VIC WA",
        "BR": "AC AL AM AP BA CE DF ES GO MA MG MS MT PA PB PE PI PR RJ RN RO RR RS SC SE SP TO",
        "CA": "AB BC MB NB NL NS NT NU ON PE QC SK YT",
        "CH": "AG AI AR BE BL BS FR GE GL GR JU LU NE NW OW SG SH SO SZ TG TI UR VD VS ZG ZH",
        "DE": "BB BE BW BY HB HE HH MV NI NW RP SH SL SN ST TH",
        "JP": " ".join(f"{number:02}" for number in range(1, 48)),
        "MX": (
            "AGU BCN BCS CAM CHH CHP CMX COA COL DUR GRO GUA HID JAL MEX MIC MOR NAY NLE OAX "
            "PUE QUE ROO SIN SLP SON TAB TAM TLA VER YUC ZAC"
        ),
        "US": (
            "AK AL AR AZ CA CO CT DC DE FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT "
            "NC ND NE NH NJ NM NV NY OH OK OR PA RI SC SD TN TX UT VA VT WA WI WV WY"
        ),
    }.items()
}
"""Countries whose subdivisions are all of one tier, without those that are countries too."""

_DISJOINT: Mapping[str, frozenset[str]] = {
    **_LISTED,
    "GB": frozenset({"ENG", "NIR", "SCT", "WLS"}),
}
_COUNTRIES_TOO: Mapping[str, Mapping[str, str]] = {
    country: dict((pair if "=" in pair else f"{pair}={pair}").split("=") for pair in pairs.split())
    for country, pairs in {
        "CN": "HK MO TW 71=TW 91=HK 92=MO",
        "FI": "01=AX",
        "FR": ("BL GF GP MF MQ NC PF PM RE TF WF YT 971=GP 972=MQ 973=GF 974=RE 976=YT"),
        "NL": "AW BQ1=BQ BQ2=BQ BQ3=BQ CW SX",
        "NO": "21=SJ 22=SJ",
        "US": "AS GU MP PR UM VI",
    }.items()
}
"""Subdivisions (ISO 3166-2, "also included in ISO 3166-1") with their country code: one place must
not have two names that never meet."""


def is_subdivision(country: str, part: str) -> bool:
    """Whether the country may have such a part that is written as a subdivision."""
    if part in _COUNTRIES_TOO.get(country, {}):
        return False
    return country not in _LISTED or part in _LISTED[country]


def countries_in(country: str) -> tuple[str, ...]:
    """The country codes of those of its subdivisions that have one: `PR` and others for `US`."""
    return tuple(dict.fromkeys(_COUNTRIES_TOO.get(country, {}).values()))


def may_nest(one: str, other: str) -> bool:
    """Whether two different codes, such as `GB-LND` and `GB-ENG`, may share ground."""
    country, dash, part = one.partition("-")
    other_country, other_dash, other_part = other.partition("-")
    if not dash or not other_dash or country != other_country:
        return False
    apart = _DISJOINT.get(country, frozenset())
    return not {part, other_part} <= apart
