"""Where the axes of a layout string are, shared by convolution and pooling."""

from declax.attrs import AttrError
from declax.shapes import PartialShape, ShapeConflict, show

DEFAULT = {1: "NCW", 2: "NCHW", 3: "NCDHW"}
"""Layout by number of spatial dimensions when none is given."""


def layout_of(layout: str | None, dims: int) -> str:
    """The layout itself, or the channel-first one for this number of spatial dimensions."""
    return layout or DEFAULT[dims]


def is_channels_first(layout: str | None) -> bool:
    """Whether the channels are at axis 1, as they are when no layout is given."""
    return layout is None or layout[1] == "C"


def channel_axis(layout: str | None, rank: int) -> int:
    """The axis of the channels: 1 or the last."""
    return 1 if is_channels_first(layout) else rank - 1


def spatial_axes(layout: str | None, rank: int) -> tuple[int, ...]:
    """The axes that a window moves over."""
    return tuple(a for a in range(1, rank) if a != channel_axis(layout, rank))


def fill(value: tuple[int, ...], dims: int, default: int) -> tuple[int, ...]:
    """A window parameter, `default` for each dimension when it was not given."""
    return value or (default,) * dims


def windowed_data(data: PartialShape, dims: int, layout: str | None) -> tuple[int | None, ...]:
    """The shape of windowed data; ShapeConflict when its rank does not fit the kernel."""
    assert data is not None
    if len(data) != dims + 2:
        raise ShapeConflict(
            f"a kernel of {dims} dimensions needs data of {dims + 2}, {layout_of(layout, dims)}; got {show(data)}"
        )
    return data


def check_dims(kernel: tuple[int, ...], layout: str | None, what: str, lowest: int = 1) -> None:
    """AttrError unless the kernel has `lowest` to 3 dimensions and the layout as many."""
    if not lowest <= len(kernel) <= 3:
        raise AttrError(f"kernel={kernel}: {len(kernel)}D {what} not supported")
    if layout is not None and len(layout) != len(kernel) + 2:
        raise AttrError(f"layout={layout} does not fit kernel={kernel}")


def check_lengths(kernel: tuple[int, ...], **others: tuple[int, ...]) -> None:
    """AttrError unless each given window parameter has as many dimensions as the kernel."""
    for name, value in others.items():
        if value and len(value) != len(kernel):
            raise AttrError(f"{name}={value} must have the same number of dimensions as kernel={kernel}")


def check_positive(**others: tuple[int, ...]) -> None:
    """AttrError unless all entries are above zero."""
    for name, value in others.items():
        if any(v <= 0 for v in value):
            raise AttrError(f"{name}={value} must be positive in all dimensions")
