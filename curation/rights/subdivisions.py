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
_COUNTRIES_TOO: Mapping[str, frozenset[str]] = {
    country: frozenset(parts.split())
    for country, parts in {
        "CN": "HK MO TW 71 91 92",
        "FI": "01",
        "FR": "BL GF GP MF MQ NC PF PM RE TF WF YT 971 972 973 974 976",
        "NL": "AW BQ1 BQ2 BQ3 CW SX",
        "NO": "21 22",
        "US": "AS GU MP PR UM VI",
    }.items()
}
"""Parts with a country code of their own: one place must not have two names that never meet."""


def is_subdivision(country: str, part: str) -> bool:
    """Whether the country may have such a part that is written as a subdivision."""
    if part in _COUNTRIES_TOO.get(country, ()):
        return False
    return country not in _LISTED or part in _LISTED[country]


def may_nest(one: str, other: str) -> bool:
    """Whether two different codes, such as `GB-LND` and `GB-ENG`, may share ground."""
    country, dash, part = one.partition("-")
    other_country, other_dash, other_part = other.partition("-")
    if not dash or not other_dash or country != other_country:
        return False
    apart = _DISJOINT.get(country, frozenset())
    return not {part, other_part} <= apart
