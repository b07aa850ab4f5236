"""The detector's parameters, which are part of the key of its work."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Final

VERSION: Final = "7"
"""Changes when the same settings would give other transitions."""


@dataclass(frozen=True, slots=True)
class ShotSettings:
    """Parameters of `ShotDetector`.

    Levels are of 8-bit R'G'B' (0-255). The values were chosen on the reels and films with
    published truth (shared/shots, shared/films), which are therefore no measure of accuracy on
    other films.
    """

    adaptive_threshold: float = 2.5
    """Ratio of a frame's change to its neighbours' mean change (PySceneDetect's default is 3)."""
    min_content: float = 15.0
    """Least mean HSV change of a cut (PySceneDetect's default)."""
    window: int = 2
    """Neighbours on each side that the ratio is taken over."""
    least_change: float = 4.0
    """Least mean change of 8-bit R'G'B' of a cut: below it PySceneDetect is not asked."""
    doubtful_change: float = 20.0
    """Least mean change of a cut that the network may find where PySceneDetect finds none…"""
    doubtful_ratio: float = 1.6
    """…and its least ratio to the neighbours' mean change."""
    network_probability: float = 0.4
    """Least probability of such a cut."""
    network_dissolve: float = 0.3
    """Least probability of a short dissolve…"""
    network_light: float = 40.0
    """…in pictures of at least this mean luma."""
    network_share: float = 0.03
    """Frames that the network may be shown, as a share of the film's, at some 5 ms of CPU time
    each: a bound for films that are nothing but doubts; others have few…"""
    network_share_per_megapixel: float = 0.13
    """…which grows with the pictures' size, as the cost of decoding does."""
    light_alike: float = 0.4
    """Correlation of fine structure from which a change in one direction is of the light alone."""
    still_level: float = 4.0
    """Change of 8-bit R'G'B' below which a part of the picture stood still…"""
    still_share: float = 0.55
    """…and the share of such parts at which something was laid over the picture or taken off it:
    captions .56 and .71, cuts at most .50 of 371, and at most .33 if their change exceeds 6."""
    flash_seconds: float = 0.32
    """A picture that comes back within this time never left: flash, strobe, black frame."""
    flash_return: float = 0.35
    """Difference to the picture before, as a share of the jump, that counts as coming back."""
    field_deviation: float = 1.5
    """Greatest standard deviation of luma in a frame of one even tone."""
    black_level: float = 6.0
    white_level: float = 235.0
    """Mean luma at or beyond which such a frame is black or white."""
    hold_seconds: float = 2.0
    """Black shorter than this is part of one transition; longer black is a shot of its own."""
    dissolve_seconds: tuple[float, ...] = (0.17, 0.25, 0.375, 0.54, 0.75, 1.04)
    """Half-lengths at which a linear mix is looked for."""
    dissolve_residual: float = 0.27
    """Greatest squared distance of the middle from the mean of both ends (0 mix, 1 cut)."""
    dissolve_sure: float = 0.12
    """Distance up to which the middle is sign enough…"""
    dissolve_unlike: float = 0.5
    """…and beyond which the ends must correlate by less than this."""
    dissolve_misfit: float = 0.11
    """Greatest squared distance of any frame from a blend of the ends."""
    dissolve_unsteadiness: float = 0.35
    """Greatest distance of a frame's weight from a steady course."""
    dissolve_change: float = 8.0
    """Least mean difference between the ends."""
    dissolve_correlation: float = 0.6
    """Greatest correlation of the ends; above it one picture only changed its exposure."""

    wipe_change: float = 20.0
    """Least mean difference between the ends of a wipe."""
    wipe_correlation: float = 0.65
    """Greatest correlation of its ends."""
    wipe_residual: float = 0.28
    """Greatest share of the difference by which a frame is neither the old picture nor the new."""
    wipe_step: float = 0.45
    """Largest share of the picture that one frame uncovers."""
    wipe_unsteadiness: float = 0.16
    """Greatest mean distance of what is uncovered from a steady course."""
    wipe_share: float = 0.85
    """Least share of the picture that is another behind the edge."""
    wipe_turns: float = 1.4
    """Times that a part changes sides on average; 1 for a wipe over pictures that stand still."""

    wipe_raggedness: float = 0.16
    """Greatest mean difference of the times at which neighbouring parts change, as a share of the
    wipe: an edge passes them one after the other."""

    wipe_return_seconds: float = 1.5
    wipe_return: float = 0.7
    """Difference to the picture on the other side, as a share of the change, at which it is that
    picture still or again, within this time."""

    def share(self, width: int, height: int) -> float:
        """Share of the frames of a film of such pictures that the network may be shown."""
        return self.network_share + self.network_share_per_megapixel * width * height / 1e6

    def canonical(self) -> dict[str, object]:
        """Settings and `VERSION` as JSON values in a fixed order, for a work key."""
        values = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}
        return {"detector": "adaptive+fades+dissolves+wipes", "version": VERSION, **values}
