"""Checks of saved arrays: against the shapes of a graph, and for values that cannot be meant."""

from collections.abc import Iterator, Sequence

import numpy as np

from declax.graph import Entry, Node
from declax.inspection.facts import Facts, Saved, fits
from declax.inspection.report import Finding, Parameter, counted, listed, show_shape


def mismatches(facts: Facts) -> tuple[Parameter, ...]:
    """Parameters and states for which the saved arrays and the graph disagree; none when there are no arrays."""
    if facts.saved is None:
        return ()
    found = []
    arrays = facts.saved.arrays
    known = {n.name for n in facts.order if n.op is None}
    for node in facts.variables("parameter", "state"):
        expected = facts.expected[node.name]
        saved = arrays.get(node.name)
        if saved is None:
            found.append(Parameter(node.name, "missing", facts.shape(Entry(node)) or expected))
        elif not fits(expected, saved.shape):
            found.append(Parameter(node.name, "shape", expected, tuple(saved.shape)))
    found += [Parameter(n, "left over", None, tuple(a.shape)) for n, a in arrays.items() if n not in known]
    return tuple(dict.fromkeys(found))


def findings(facts: Facts, found: Sequence[Parameter]) -> Iterator[Finding]:
    """What to say about them, and about the values themselves."""
    if facts.saved is None:
        return
    missing = [p for p in found if p.state == "missing"]
    left = [p for p in found if p.state == "left over"]
    renamed = _renaming(missing, left)
    if missing:
        yield _missing(facts, missing, left, renamed)
    if left:
        text = f"{counted(len(left), 'saved array')} that the graph has no use for: {_shown(left)}."
        if renamed and not missing:
            text += f" {renamed}"
        yield Finding("note" if not missing else "warning", "left_over", text, tuple(p.name for p in left))
    for p in found:
        if p.state == "shape":
            message = f"{p.name} is saved as {show_shape(p.saved)}, but the graph expects {show_shape(p.expected)}"
            yield Finding("error", "parameter_shape", f"{message}{_shape_hint(p)}.", (p.name,))
    yield from _wrong_kind(facts)
    yield from _types(facts)
    yield from check_arrays(facts.saved)
    yield from _moving_statistics(facts)


def check_arrays(saved: Saved) -> Iterator[Finding]:
    """Values that cannot be meant, in arrays of any origin."""
    broken = [n for n, a in saved.arrays.items() if a.dtype.kind in "fV" and a.size and not _is_finite(a)]
    if broken:
        text = f"{counted(len(broken), 'array')} with NaN or infinite values: {listed(broken)}."
        yield Finding("warning", "not_finite", text, tuple(broken))
    zero = [
        n for n, a in saved.arrays.items()
        if n.endswith("weight") and a.size > 1 and a.dtype.kind in "fi" and not np.any(a)
    ]  # fmt: skip
    if zero:
        text = f"{counted(len(zero), 'weight')} that {'is' if len(zero) == 1 else 'are'} zero throughout"
        yield Finding("warning", "zero_weight", f"{text}: {listed(zero)}. Was this saved before it was trained?",
                      tuple(zero))  # fmt: skip


def _is_finite(array: np.ndarray) -> bool:
    """Whether all values are finite; looks at a part at a time, so that a mapped file stays on disk."""
    flat = array.reshape(-1)
    return all(np.isfinite(flat[i : i + (1 << 20)]).all() for i in range(0, flat.size, 1 << 20))


def _missing(facts: Facts, missing: list[Parameter], left: list[Parameter], renamed: str) -> Finding:
    assert facts.saved is not None
    text = f"{counted(len(missing), 'parameter')} of the graph {'is' if len(missing) == 1 else 'are'} not in "
    text += f"{facts.saved.source}: {_shown(missing)}."
    bilinear = [
        n.name for n in facts.variables("parameter")
        for user, _ in facts.users.get(n, []) if user.op_name == "UpSampling" and n.name in {p.name for p in missing}
    ]  # fmt: skip
    if renamed:
        text += f" {renamed}"
    elif left and any("." in p.name for p in left) and not any("." in p.name for p in missing):
        text += (
            " The saved names look like those of Gluon's save_parameters, which belong to a Block and not to a "
            "graph: in MXNet, net.export(prefix) writes the file that goes with the graph."
        )
    if bilinear:
        text += f" Fill {listed(bilinear)} with init.Bilinear(): it is the weight of a bilinear UpSampling."
    return Finding("error", "missing", text, tuple(p.name for p in missing))


def _shown(found: Sequence[Parameter]) -> str:
    """Names with shapes, where they are known."""
    shapes = ((p.name, p.saved if p.saved is not None else p.expected) for p in found)
    return listed(name if shape is None else f"{name} {show_shape(shape)}" for name, shape in shapes)


def _renaming(missing: Sequence[Parameter], left: Sequence[Parameter]) -> str:
    """What to say when another beginning of the names makes most missing ones out of left-over ones."""
    best, count = ("", ""), 0
    if missing and left:
        wanted = {p.name: p.expected for p in missing}
        for old, new in _beginnings(missing, left):
            hits = 0
            for p in left:
                name = new + p.name[len(old) :] if p.name.startswith(old) else None
                hits += name in wanted and fits(wanted[name], p.saved)
            if hits > count:
                best, count = (old, new), hits
    if not count or 2 * count < len(missing):
        return ""
    old, new = (repr(b) for b in best)
    change = f"the beginning {new} instead of {old}" if best[0] else f"the beginning {new}"
    if not best[1]:
        change = f"no beginning {old}"
    return f"{count} of them are there under another name: give the saved names {change}."


def _beginnings(missing: Sequence[Parameter], left: Sequence[Parameter]) -> set[tuple[str, str]]:
    """Pairs of beginnings (saved, wanted) after which two names end alike."""
    ends: dict[str, list[str]] = {}
    for p in missing:
        ends.setdefault(p.name.rsplit("_", 1)[-1], []).append(p.name)
    found = set()
    for p in left[:20]:
        for name in ends.get(p.name.rsplit("_", 1)[-1], [])[:200]:
            n = 0
            while n < min(len(name), len(p.name)) and name[-1 - n] == p.name[-1 - n]:
                n += 1
            found.add((p.name[: len(p.name) - n], name[: len(name) - n]))
    return found


def _shape_hint(p: Parameter) -> str:
    e, s = p.expected, p.saved
    if e is None or s is None or None in e:
        return ""
    known = [d for d in e if d is not None]
    if len(e) == 2 and tuple(s) == tuple(reversed(known)):
        return " (it is transposed: MXNet's weights are (outputs, inputs))"
    if len(e) == 4 and sorted(known) == sorted(s):
        return " (the axes are in another order: MXNet's are (filters, channels, height, width))"
    if len(e) == 2 and len(s) == 2 and known[0] == s[0]:
        return " (the layer's input has another size: was it trained on images of another size?)"
    if len(e) <= 2 and known[0] != s[0] and tuple(known[1:]) == tuple(s[1:]):
        return " (another number of outputs: is the head that of another data set?)"
    return ""


def _wrong_kind(facts: Facts) -> Iterator[Finding]:
    """Auxiliary states saved as `arg:` and the other way round, which MXNet's set_params refuses."""
    assert facts.saved is not None
    kinds = {n.name: "aux" if facts.roles[n] == "state" else "arg" for n in facts.order if n.op is None}
    wrong = [n for n, kind in facts.saved.kinds.items() if kinds.get(n, kind) != kind]
    if wrong:
        words = "auxiliary states saved as arg:, or parameters saved as aux:"
        yield Finding(
            "warning", "wrong_kind", f"{counted(len(wrong), 'array')} under the wrong beginning ({words}): "
            f"{listed(wrong)}. load_checkpoint puts them into the wrong dict; move them.", tuple(wrong),
        )  # fmt: skip


def _types(facts: Facts) -> Iterator[Finding]:
    """Arrays saved in another type than the graph computes in."""
    assert facts.saved is not None
    other: dict[tuple[str, str], list[str]] = {}
    for node in facts.variables("parameter", "state"):
        array, dtype = facts.array(node), facts.types.get(Entry(node))
        if array is not None and dtype is not None and array.dtype != dtype:
            other.setdefault((array.dtype.name, dtype.name), []).append(node.name)
    for (saved, wanted), names in other.items():
        text = f"{counted(len(names), 'array')} saved as {saved} where the graph computes in {wanted} by default: "
        text += f"{listed(names)}. bind() and lower() compute in the types that they are given"
        text += "; float64 is slow on accelerators: cast them." if saved == "float64" else "; cast what should not mix."
        yield Finding("warning" if saved == "float64" else "note", "parameter_type", text, tuple(names))


_NORMS = ("BatchNorm", "BatchNorm_v1", "_contrib_SyncBatchNorm", "_contrib_BatchNormWithReLU")


def _moving_statistics(facts: Facts) -> Iterator[Finding]:
    """Variances below zero, and statistics that no training has touched."""
    negative, fresh, norms = [], [], 0
    for node in facts.calls(*_NORMS):
        mean = facts.array(facts.input_of(node, "moving_mean"))
        var = facts.array(facts.input_of(node, "moving_var"))
        if mean is None or var is None:
            continue
        norms += 1
        if np.any(var + (node.params or {})["eps"] <= 0):
            negative.append(_name(facts.input_of(node, "moving_var")))
        if not np.any(mean) and (np.all(var == 1) or not np.any(var)):
            fresh.append(node.name)
    if negative:
        text = f"{counted(len(negative), 'moving variance')} so far below zero that outputs will be NaN: "
        text += f"{listed(negative)}."
        yield Finding("warning", "negative_variance", text, tuple(negative))
    if fresh and len(fresh) == norms:
        text = f"the moving statistics of all {norms} batch normalisations are as they were initialised: the file was "
        text += "saved before training, or without its auxiliary states."
        yield Finding("warning", "fresh_statistics", text, tuple(fresh))


def _name(node: Node | None) -> str:
    return "" if node is None else node.name
