"""Traps in a graph: what MXNet means by an attribute and people often do not. One function a trap."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import numpy as np

from declax.graph import Entry, Node
from declax.inspection.facts import Facts
from declax.inspection.report import Finding, counted, listed, show_shape

Trap = Callable[[Facts], Iterator[Finding]]
T = TypeVar("T", bound=Trap)

_TRAPS: list[Trap] = []


def trap(function: T) -> T:
    """Registers a function that looks for one trap."""
    _TRAPS.append(function)
    return function


def find(facts: Facts) -> Iterator[Finding]:
    """The findings of all traps."""
    from declax.inspection import batch, training  # noqa: F401  (they register theirs)

    for look in _TRAPS:
        yield from look(facts)


def note(kind: str, message: str, nodes: list[str] | tuple[str, ...] = (), severity: str = "note") -> Finding:
    """A finding, by default a note."""
    return Finding(severity, kind, message, tuple(nodes))


_NORMS = ("BatchNorm", "_contrib_SyncBatchNorm", "BatchNorm_v1", "_contrib_BatchNormWithReLU")


@trap
def ignored_gamma(facts: Facts) -> Iterator[Finding]:
    """A saved gamma that `fix_gamma` ignores."""
    found, by_default = [], 0
    for node in facts.calls(*_NORMS):
        if not (node.params or {}).get("fix_gamma"):
            continue
        gamma = facts.input_of(node, "gamma")
        array = facts.array(gamma)
        if gamma is not None and array is not None and np.any(array != 1):
            found.append(gamma.name)
            by_default += "fix_gamma" not in node.attrs
    if found:
        default = " (the default, as the attribute is not there)" if by_default == len(found) else ""
        yield note(
            "fix_gamma",
            f"{counted(len(found), 'saved gamma')} other than 1 that MXNet and declax ignore, because fix_gamma is "
            f"True{default}: {listed(found)}. If the model was converted from elsewhere, set fix_gamma=False.",
            found, "warning",
        )  # fmt: skip


@trap
def pooling_conventions(facts: Facts) -> Iterator[Finding]:
    """Windows that `full` pooling has and `valid` has not, as far as shapes tell."""
    full, differ, unknown, valid = [], [], False, 0
    for node in facts.calls("Pooling", "Pooling_v1"):
        p = node.params or {}
        if p["global_pool"]:
            continue
        if p["pooling_convention"] != "full":
            valid += 1
            continue
        full.append(node.name)
        data = facts.shape(node.inputs[0])
        if data is None or None in data[2:]:
            unknown = True
            continue
        for size, k, s, pad in zip(
            data[2:], p["kernel"], p["stride"] or (1,) * 3, p["pad"] or (0,) * 3, strict=False
        ):  # fmt: skip
            if size is not None and (size + 2 * pad - k) % s:
                differ.append(node.name)
                break
    if full and (differ or unknown):
        mixed = f", beside {valid} with valid ones" if valid else ""
        where = f"{listed(differ)} here" if differ and not unknown else f"here {listed(full)}"
        yield note(
            "pooling_convention",
            f"{counted(len(full), 'pooling')} with pooling_convention='full'{mixed}: the number of windows is "
            f"rounded up, so that the output may be one larger than other frameworks make it ({where}).",
            differ or full,
        )  # fmt: skip


@trap
def double_precision(facts: Facts) -> Iterator[Finding]:
    """Values in float64 inside the graph."""
    wide = np.dtype("float64")
    found = [
        n.name for n in facts.order
        if n.op is not None and (t := facts.types.get(Entry(n))) is not None and t == wide
    ]  # fmt: skip
    if found:
        yield note(
            "float64",
            f"{counted(len(found), 'node')} that {'computes' if len(found) == 1 else 'compute'} in float64 "
            f"({listed(found)}): exact here, slow on GPUs and emulated on TPUs.", found, "warning",
        )  # fmt: skip


@trap
def reshape_codes(facts: Facts) -> Iterator[Finding]:
    """Reshapes whose numbers are codes that other libraries do not have."""
    old, codes = [], []
    for node in facts.calls("Reshape"):
        p = node.params or {}
        if not p["shape"] and p["target_shape"]:
            old.append(f"{node.name} {show_shape(p['target_shape'])}")
        elif any(d < -1 for d in p["shape"]) or p["reverse"]:
            codes.append(f"{node.name} {show_shape(p['shape'])}")
    if old:
        yield note(
            "old_reshape",
            f"{counted(len(old), 'Reshape')} with target_shape, where 0 means 'what is left' (it means 'keep' in "
            f"shape): {listed(old)}.", [n.split()[0] for n in old],
        )  # fmt: skip
    if codes:
        yield note(
            "reshape_codes",
            f"{counted(len(codes), 'Reshape')} with MXNet's codes (-2 the rest, -3 merge two, -4 split one, reverse "
            f"from the right): {listed(codes)}. numpy.reshape does not have them.", [n.split()[0] for n in codes],
        )  # fmt: skip


@trap
def crops(facts: Facts) -> Iterator[Finding]:
    """The old Crop, which cuts from the upper left unless told otherwise."""
    corner = []
    for n in facts.calls("Crop"):
        p = n.params or {}
        if not p["center_crop"] and not any(p["offset"]):
            corner.append(n.name)
    if corner:
        yield note(
            "crop",
            f"{counted(len(corner), 'Crop')} with neither offset nor center_crop: the upper left corner is kept "
            f"({listed(corner)}).", corner,
        )  # fmt: skip


@trap
def dropout_left_on(facts: Facts) -> Iterator[Finding]:
    """Dropout that also drops in inference."""
    found = [n.name for n in facts.calls("Dropout") if n.params and n.params["mode"] == "always" and n.params["p"] > 0]
    if found:
        yield note(
            "dropout_always",
            f"{counted(len(found), 'Dropout')} with mode='always' drops in inference too, so outputs differ from "
            f"run to run: {listed(found)}. Set mode='training' unless this is meant.", found, "warning",
        )  # fmt: skip


@trap
def random_nodes(facts: Facts) -> Iterator[Finding]:
    """Operators that draw in inference."""
    found = [
        n.name for n in facts.order
        if n.op is not None and not n.op.takes_train and n.op.is_random(n.params or {}) and n.op.function.__doc__
    ]  # fmt: skip
    if found:
        yield note(
            "random",
            f"{counted(len(found), 'node')} that draw{'s' if len(found) == 1 else ''} random numbers in inference: "
            f"{listed(found)}. declax.lower needs a key; an executor follows declax.random.seed.", found,
        )  # fmt: skip


_SCALARS = {
    "_plus_scalar": "({} + {s})", "_minus_scalar": "({} - {s})", "_rminus_scalar": "({s} - {})",
    "_mul_scalar": "{} * {s}", "_div_scalar": "{} / {s}", "Cast": "{}", "_copy": "{}", "BlockGrad": "{}",
}  # fmt: skip


@trap
def preprocessing(facts: Facts) -> Iterator[Finding]:
    """Inputs that the graph scales or normalises itself, so that nobody does it twice."""
    for variable in facts.variables("input"):
        text, node, changed = variable.name, variable, False
        while True:
            users = facts.users.get(node, [])
            if len(users) != 1 or users[0][1] != 0:
                break
            node = users[0][0]
            if node.op_name in _SCALARS:
                scalar = f"{(node.params or {}).get('scalar', 0):g}"
                text, changed = _SCALARS[node.op_name].format(text, s=scalar), changed or "scalar" in node.op_name
                continue
            if node.op_name in _NORMS:
                text, changed = f"BatchNorm({text}) by {node.name}", True
            break
        if changed:
            yield note(
                "preprocessing",
                f"the graph itself prepares {variable.name!r}: {text}. Feed the values that this expects, often raw "
                "pixels, and do not scale them twice.", [variable.name],
            )  # fmt: skip


@trap
def layouts(facts: Facts) -> Iterator[Finding]:
    """Channel-last convolutions, and normalisations that still take the second axis for the channels."""
    last = [n for n in facts.calls("Convolution", "Deconvolution") if str((n.params or {})["layout"]).endswith("C")]
    if not last:
        return
    yield note(
        "channel_last",
        f"{counted(len(last), 'convolution')} with the channels last (layout {last[0].params['layout']}): weights "  # pyright: ignore[reportOptionalSubscript]
        "are (filters, height, width, channels).", [n.name for n in last],
    )  # fmt: skip
    wrong = []
    for n in facts.calls("BatchNorm", "_contrib_BatchNormWithReLU"):
        if n.inputs[0].node in last and n.params and n.params["axis"] == 1:
            wrong.append(n.name)
    if wrong:
        yield note(
            "norm_axis",
            f"{counted(len(wrong), 'BatchNorm')} over axis 1 of channel-last data: {listed(wrong)}. It "
            "normalises over the height; axis=-1 or 3 would be the channels.", wrong, "warning",
        )  # fmt: skip


@trap
def same_names(facts: Facts) -> Iterator[Finding]:
    """Different nodes under one name: arrays by name cannot tell them apart."""
    seen: dict[str, list[Node]] = {}
    for n in facts.order:
        seen.setdefault(n.name, []).append(n)
    twice = {k: ns for k, ns in seen.items() if len(ns) > 1}
    variables = [k for k, ns in twice.items() if sum(n.op is None for n in ns) > 1]
    if variables:
        yield note(
            "same_name",
            f"{counted(len(variables), 'name')} shared by several variables: {listed(variables)}. A dict of "
            "arrays gives them one array; MXNet's bind by position can give them different ones.", variables, "warning",
        )  # fmt: skip
    calls = [k for k in twice if k not in variables]
    if calls:
        yield note(
            "same_name", f"{counted(len(calls), 'name')} shared by several nodes: {listed(calls)}. "
            "get_internals() cannot pick one of them by name.", calls,
        )  # fmt: skip


@trap
def half_precision(facts: Facts) -> Iterator[Finding]:
    """Casts of mixed precision, which saving leaves out."""
    found = [n.name for n in facts.calls("amp_cast", "amp_multicast")]
    if found:
        yield note(
            "amp_cast",
            f"{counted(len(found), 'cast')} of mixed precision ({listed(found)}): Symbol.save leaves them out "
            "unless remove_amp_cast=False.", found,
        )  # fmt: skip


@trap
def quantized(facts: Facts) -> Iterator[Finding]:
    """Quantisation whose ranges come from the data of each run."""
    found = [
        n.name for n in facts.order
        if n.op is not None and n.op.name in ("_contrib_quantize_v2", "_contrib_requantize")
        and (n.params or {}).get("min_calib_range") is None
    ]  # fmt: skip
    if found:
        yield note(
            "uncalibrated",
            f"{counted(len(found), 'quantisation')} without calibrated ranges: {listed(found)}. The range is taken "
            "from each batch, so that a sample's result depends on its neighbours.", found, "warning",
        )  # fmt: skip
