"""The licence in words: the same terms as the policy, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from curation.papers.markdown import code, plain, table
from curation.papers.purposes import licensed_for
from curation.papers.terms import IN_WORDS, Terms

_PHASES: Final = {
    "PRE": "before use began",
    "DURING": "as long as it is used",
    "POST": "once it has been used",
}


def licence(manifest: Mapping[str, Any], terms: Terms) -> str:
    """LICENSE.md. What the policy says; where the two should differ, nothing is granted."""
    owed = [(code(duty), _PHASES.get(phase, plain(phase))) for duty, phase in terms.duties]
    owed.append((code("DELETE_AT_END"), f"every copy, by {terms.use_until}"))
    where = ", ".join(
        "the world" if place == "001" else plain(place) for place in terms.territories
    )
    reserved = "\n".join(f"- {IN_WORDS[action]} ({code(action)})" for action in terms.reserved)
    return f"""# Terms of {plain(manifest["release_id"])}

{plain(manifest["issuer"])} licenses this release to **{plain(terms.licensee)}** and to nobody else.

- **Use**: {terms.use} ({code(terms.action)}).
- **Where**: {where}.
- **When**: from {terms.use_from} until {terms.use_until}; at the second instant use has ended.
- **What**: {", ".join(map(plain, terms.components))}; of each clip only what its row names in \
`rights.components`.

{_splits(manifest, terms)}
`policy.odrl.json` says the same to machines. Whatever is not granted here is not granted.

## Owed for it

{table(("Duty", "When"), owed)}
## Reserved

{reserved}
- selling, sublicensing or handing on the release or any clip of it

## Decided under

Rulebook {code(manifest["rulebook_sha256"])} as known at {manifest["known_at"]}, performer gate \
{code(manifest["performer_gate"])}. Each sample's row names the rows that decided it. This is a \
record of what the rulebook says, not legal advice.

## Credits

{_credits(manifest)}"""


def _splits(manifest: Mapping[str, Any], terms: Terms) -> str:
    """What was asked of the gate for each split: of all the same."""
    splits = sorted({shard["split"] for shard in manifest.get("shards", ())})
    rows = [(code(split), code(terms.action), licensed_for(split, terms)) for split in splits]
    return table(("Split", "Cleared for", "What it is for"), rows)


def _credits(manifest: Mapping[str, Any]) -> str:
    lines = [
        (
            code(credit.get("work_id", "")),
            plain(credit.get("name") or credit.get("party_id", "")),
            plain(credit.get("role") or ""),
            plain(credit.get("guild") or ""),
        )
        for credit in manifest["credits"]
    ]
    return table(("Work", "Name", "Role", "Guild"), lines) or "None are on record.\n"
