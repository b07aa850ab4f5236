"""HDR to SDR: ITU-R BT.2446-1 Method A, as a table of colours that FFmpeg's lut3d reads.

PQ and HLG of ITU-R BT.2100 come in, BT.709 with the display gamma of BT.1886 (2.4) goes out.
"""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from curation.media.hdr import HLG, PQ

METHOD: Final = "BT.2446-1 A"
"""What is kept with a clip that was mapped."""
SDR_PEAK: Final = 100.0
"""cd/m² of the SDR display's white, as the method has it."""
HDR_PEAK: Final = 1000.0
"""cd/m² of the display on which HDR was mastered, where a film does not say: the method's own."""
EDGE: Final = 65
"""Colours along each side of the table. Between them, of colours drawn at random within BT.709 up
to 1,000 cd/m², 9 of 10 channels are within half an 8-bit level of the method and 99 of 100 within
3.2; the others are the dark channels of saturated colours."""
_GAMMA: Final = 2.4
_LUMA: Final = np.array([0.2627, 0.6780, 0.0593])
"""Of BT.2020's red, green and blue (BT.2100, table 6)."""
_TO_709: Final = np.array(
    [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
)
"""Linear BT.2020 to BT.709 (BT.2407, 2)."""

Colours = npt.NDArray[np.float64]


def light(codes: Colours, transfer: str, peak: float) -> Colours:
    """The light of a display, in cd/m², of R'G'B' in [0, 1] (…, 3).

    PQ is absolute (BT.2100, table 4). HLG is shown by a display of `peak` cd/m² with the system
    gamma for it, black at 0 (table 5).
    """
    if transfer == PQ:
        m1, m2, c1, c2, c3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
        root = np.power(codes, 1 / m2)
        return np.asarray(10_000 * np.power(np.maximum(root - c1, 0) / (c2 - c3 * root), 1 / m1))
    if transfer != HLG:
        raise ValueError(f"{transfer}: neither PQ ({PQ}) nor HLG ({HLG})")
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(codes <= 0.5, codes**2 / 3, (np.exp((codes - c) / a) + b) / 12)
    gamma = 1.2 + 0.42 * np.log10(peak / 1000)
    luma = np.maximum(scene @ _LUMA, 1e-12)[..., None]
    return np.asarray(peak * np.power(luma, gamma - 1) * scene)


def method_a(light: Colours, peak: float = HDR_PEAK) -> Colours:
    """R'G'B' of BT.709 in [0, 1], of BT.2020 light in cd/m² (…, 3) mastered on a display of `peak`.

    Report ITU-R BT.2446-1 (2021), Method A, HDR to SDR, tables 2 to 4: luma is taken to perceptual
    steps, bent by the knee, and taken back; colour differences are scaled with it, and luma gives
    way where red would be over-saturated. Every constant and step was held against three open
    implementations that agree (nope.gl `hdr.glsl`, hdr-toys `bt2446a.glsl`, `Tmos::Bt2446A` of
    Lilium's HDR shaders); they take the peak for 1,000 cd/m² or a parameter, as here.
    """
    coded = np.power(np.clip(light / peak, 0, 1), 1 / _GAMMA)
    luma = coded @ _LUMA
    dense = 1 + 32 * (peak / 10_000) ** (1 / _GAMMA)
    sparse = 1 + 32 * (SDR_PEAK / 10_000) ** (1 / _GAMMA)
    step = np.log1p((dense - 1) * luma) / np.log(dense)
    bent = np.select(
        [step <= 0.7399, step < 0.9909],
        [1.0770 * step, -1.1510 * step**2 + 2.7811 * step - 0.6302],
        0.5 * step + 0.5,
    )
    mapped = (np.power(sparse, bent) - 1) / (sparse - 1)
    scale = mapped / np.maximum(1.1 * luma, 1e-9)
    blue = scale * (coded[..., 2] - luma) / 1.8814
    red = scale * (coded[..., 0] - luma) / 1.4746
    luma = mapped - np.maximum(0.1 * red, 0)
    r, b = luma + 1.4746 * red, luma + 1.8814 * blue
    g = (luma - _LUMA[0] * r - _LUMA[2] * b) / _LUMA[1]
    linear = np.power(np.clip(np.stack([r, g, b], axis=-1), 0, 1), _GAMMA)
    return np.asarray(np.power(np.clip(linear @ _TO_709.T, 0, 1), 1 / _GAMMA))


def table(transfer: str, peak: float = HDR_PEAK) -> Colours:
    """The colours of a table (EDGE, EDGE, EDGE, 3), by blue, green and red of the film."""
    side = np.linspace(0, 1, EDGE)
    blue, green, red = np.meshgrid(side, side, side, indexing="ij")
    return method_a(light(np.stack([red, green, blue], axis=-1), transfer, peak), peak)


def write_cube(path: Path, transfer: str, peak: float | None = None) -> None:
    """Write the table for films of `transfer`, mastered at `peak` cd/m², as a .cube file."""
    rows = table(transfer, min(max(peak or HDR_PEAK, 400.0), 10_000.0)).reshape(-1, 3)
    lines = (f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in rows)
    path.write_text(f"LUT_3D_SIZE {EDGE}\n" + "\n".join(lines) + "\n")
