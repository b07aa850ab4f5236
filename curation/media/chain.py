"""From a decoded frame to the picture of a clip: upright, square pixels, one size, one format."""

from pathlib import Path

from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame

from curation.media.colour import Colour, is_rgb
from curation.media.crop import Crop
from curation.media.picture import Size

_SCALING = "flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
_SDR = "range=limited:colorspace=bt709:color_primaries=bt709:color_trc=bt709"

Step = tuple[str, str]


def upright(rotation: int, *, mirrored: bool) -> list[Step]:
    """Filters that turn a picture counter-clockwise by `rotation` degrees, mirrored before."""
    turns: dict[int, list[Step]] = {
        90: [("transpose", "dir=cclock")],
        180: [("hflip", ""), ("vflip", "")],
        270: [("transpose", "dir=clock")],
    }
    return [("hflip", "")] * mirrored + turns.get(rotation, [])


def cut_out(part: Crop) -> Step:
    """The filter that keeps a part of a picture, as it is stored."""
    return "crop", f"{part.width}:{part.height}:{part.x}:{part.y}"


class Chain:
    """Filters of one clip's frames, which all have the format and size of the first.

    `steps` of turning and cropping come first, then scaling to `size`, then `lut` (a .cube file
    from the film's colour to BT.709, see `tone_map`) where one is given. Frames come out in
    `pix_fmt` with their colour tags, `colour` or BT.709, and with the times that they came in with.
    """

    def __init__(
        self,
        first: VideoFrame,
        steps: list[Step],
        size: Size,
        colour: Colour,
        pix_fmt: str,
        lut: Path | None = None,
    ) -> None:
        scale = f"{size.width}:{size.height}:{_SCALING}"
        chain = [("setparams", _tags(colour)), *steps]
        if lut is not None:
            chain += [("scale", scale), ("format", "gbrp16le")]
            chain += [("lut3d", f"file={_escaped(lut)}:interp=tetrahedral")]
            out = f"{_SCALING}:out_color_matrix=bt709:out_range=limited"
            chain += [("scale", out), ("setparams", _SDR)]
        elif is_rgb(first.format.name):
            chain += [("scale", f"{scale}:out_color_matrix=bt709:out_range=limited")]
        else:
            chain += [("scale", scale)]
        chain += [("setsar", "1"), ("format", pix_fmt), ("buffersink", "")]
        self._graph = Graph()
        self._graph.threads = 1
        last = self._graph.add_buffer(
            width=first.width,
            height=first.height,
            format=VideoFormat(first.format.name),
            time_base=first.time_base,
        )
        for name, arguments in chain:
            step = self._graph.add(name, arguments or None)
            last.link_to(step)
            last = step
        self._graph.configure()

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        self._graph.vpush(frame)
        return self._graph.vpull()


def _tags(colour: Colour) -> str:
    return (
        f"range={colour.range}:colorspace={colour.matrix}:color_primaries={colour.primaries}:"
        f"color_trc={colour.transfer}"
    )


def _escaped(path: Path) -> str:
    return "".join(f"\\{c}" if c in "\\':,;[]=" else c for c in str(path))
