"""Parts of a program that repeat become functions: again and again the part whose function saves most.

Two windows of consecutive calls repeat each other when they call the same functions with the same arguments, up to
values and up to what comes from outside. Found by hashing every window of up to `_LONGEST` calls.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from declax.source.statements import Body, Call, Key, Port, Ref
from declax.source.templates import Atoms, Column, Param, Unified

_LONGEST = 48
_LOOKED_AT = 400  # candidates whose outputs are found in each round
_TRIED = 10  # candidates whose parameters are found
_SAMPLED = 6  # windows of a candidate from which they are
_LEAST = 1.0  # lines that a function has to save


@dataclass(eq=False)
class Function:
    """A part that repeats: its body, what it takes from outside, and its parameters."""

    body: Body
    ports: list[Port]
    params: list[Param]
    calls: list[Call] = field(default_factory=list)


class Window(NamedTuple):
    """`length` calls of a body from `start`."""

    body: Body
    start: int
    length: int

    @property
    def calls(self) -> list[Call]:
        return self.body.calls[self.start : self.start + self.length]


def extract(main: Body, atoms: Atoms) -> list[Function]:
    """Takes the repeated parts out of a program, which is changed; returns the functions."""
    functions: list[Function] = []
    while True:
        bodies = [main, *(f.body for f in functions)]
        chosen = _best(bodies, atoms)
        if chosen is None:
            return [f for f in functions if f.calls]
        functions.append(_make(*chosen, bodies))


def _best(bodies: Sequence[Body], atoms: Atoms) -> tuple[list[Window], "_Shared"] | None:
    """The windows whose function saves most, and what they share."""
    groups = _groups(bodies)
    rated = []
    for key, windows in groups.items():
        apart = _apart(windows)
        if len(apart) > 1 and _saved(len(apart), _weight(apart[0]), 0) > _LEAST:
            rated.append((_rating(len(apart), apart[0], 0), len(rated), apart, key))
    rated.sort(reverse=True, key=lambda r: (r[0], -r[1]))
    candidates = []
    readers = {id(b): readers_of(b) for b in bodies}
    for limit, number, windows, _ in rated[:_LOOKED_AT]:
        if _is_periodic(windows[0]) or any(_cuts_a_run(w) for w in windows):
            continue
        for outputs, part in _by_outputs(windows, readers):
            if len(part) > 1:
                candidates.append((limit - _several(part, outputs), -number, part))
    candidates.sort(reverse=True, key=lambda c: c[:2])
    best: tuple[float, list[Window]] | None = None
    for limit, _, part in candidates[:_TRIED]:
        least = best[0] if best is not None else 0.0
        if limit <= least:
            break
        shared = _Shared(part[:: len(part) // _SAMPLED + 1], atoms)
        burden = shared.burden() + 2 * _is_two_steps(part[0])
        rating = _rating(len(part), part[0], burden) - _several(part, len(shared.outputs))
        if _saved(len(part), _weight(part[0]), burden) > _LEAST and rating > least:
            best = rating, part
    return (best[1], _Shared(best[1], atoms)) if best else None


def _several(windows: Sequence[Window], outputs: int) -> float:
    """What speaks against a function with several outputs, and more so when it calls other functions."""
    nested = any(isinstance(c.target, Function) for c in windows[0].calls)
    return (6 if nested else 2) * len(windows) * (outputs - 1)


def _saved(count: int, weight: float, burden: float) -> float:
    """Lines saved by a function that stands for `count` parts of some weight."""
    return count * weight - (weight + 2) - count * (1 + burden)


def _rating(count: int, window: Window, burden: float) -> float:
    """How good a function a part would make: what it saves, and more so what it saves by calls that differ.

    A part that repeats within itself counts little for that, so that functions are found from the small to the large.
    """
    different = {shape_of(c): _lines(c) for c in window.calls}
    return _saved(count, sum(different.values()), burden) + _saved(count, _weight(window), burden) / 2


def _weight(window: Window) -> float:
    """About how many lines a part takes to write."""
    return sum(_lines(c) for c in window.calls)


def _lines(call: Call) -> float:
    """About how many lines a call takes: one, or one for each argument where they do not fit."""
    if not call.lines:
        call.lines = _count_lines(call)
    return call.lines


def _count_lines(call: Call) -> float:
    width = 20 + 8 * len(call.inputs) + sum(len(k[-1]) + len(str(v)) + 3 for k, v in call.fields.items())
    variables = sum(k[0] == "var" and len(k) == 2 for k in call.fields)
    width += 14 * variables
    if width <= 125:
        return 1 + width / 400
    if width <= 140:
        return 3
    arguments = sum(len(k) == 1 or k[0] != "var" or len(k) == 2 for k in call.fields) + len(call.inputs)
    return 2 + arguments


def _groups(bodies: Sequence[Body]) -> dict[tuple, list[Window]]:
    """Windows by what they do, up to values and what comes from outside."""
    found: dict[tuple, list[Window]] = defaultdict(list)
    for body in bodies:
        position = {id(c): i for i, c in enumerate(body.calls)}
        shapes = [shape_of(c) for c in body.calls]
        for start in range(len(body.calls)):
            outside: dict[tuple[int, int], int] = {}
            running = 0
            for end in range(start, min(len(body.calls), start + _LONGEST)):
                call = body.calls[end]
                if call.is_raw:
                    break
                refs = tuple(_place(ref, position, start, outside) for _, ref in call.inputs)
                running = hash((running, shapes[end], refs))
                found[end - start + 1, running].append(Window(body, start, end - start + 1))
    return {k: w for k, w in found.items() if len(w) > 1 and (k[0] > 1 or _is_worth_its_own(w[0].calls[0]))}


def _is_worth_its_own(call: Call) -> bool:
    """Whether one call is long enough for a function of it alone."""
    return isinstance(call.target, str) and _lines(call) >= 2


def shape_of(call: Call) -> tuple:
    """What a call does, up to values and to where its inputs come from."""
    if not call.shape:
        target = call.target if isinstance(call.target, str) else id(call.target)
        call.shape = target, call.outputs, tuple(sorted(call.fields)), tuple(role for role, _ in call.inputs)
    return call.shape


def _place(ref: Ref, position: dict[int, int], start: int, outside: dict[tuple[int, int], int]) -> tuple[int, int]:
    """Where a value comes from: (call in the window, output), or (-1, number of the value from outside)."""
    source, index = ref
    at = position.get(id(source), -1)
    if at >= start:
        return at - start, index
    return -1, outside.setdefault((id(source), index), len(outside))


def _apart(windows: Sequence[Window]) -> list[Window]:
    """Those windows, from the front, that do not overlap."""
    kept: list[Window] = []
    for w in windows:
        if not kept or kept[-1].body is not w.body or w.start >= kept[-1].start + w.length:
            kept.append(w)
    return kept


def _is_periodic(window: Window) -> bool:
    """Whether a window is a smaller one several times in a row, which a loop says better."""
    n = window.length
    return any(n % p == 0 and len({_hash(window, i, p) for i in range(0, n, p)}) == 1 for p in range(1, n // 2 + 1))


def _cuts_a_run(window: Window) -> bool:
    """Whether calls of one made function, each on the value of the one before, go on beyond the window."""
    calls, end = window.body.calls, window.start + window.length

    def goes_on(i: int) -> bool:
        if not 0 < i < len(calls) or not isinstance(calls[i].target, Function):
            return False
        return calls[i].target is calls[i - 1].target and any(ref[0] is calls[i - 1] for _, ref in calls[i].inputs)

    return goes_on(window.start) or goes_on(end)


def _is_two_steps(window: Window) -> bool:
    """Whether a window that calls made functions is one step after another, with one value between them."""
    calls = window.calls
    if not any(isinstance(c.target, Function) for c in calls):
        return False
    for cut in range(1, len(calls)):
        front = {id(c) for c in calls[:cut]}
        back = {id(c) for c in calls[cut:]}
        crossing = {(id(ref[0]), ref[1]) for c in calls[cut:] for _, ref in c.inputs if id(ref[0]) not in back}
        if len(crossing) == 1 and next(iter(crossing))[0] in front:
            return True
    return False


def _hash(window: Window, start: int, length: int) -> tuple:
    calls = window.calls
    position = {id(c): i for i, c in enumerate(calls[: start + length])}
    outside: dict[tuple[int, int], int] = {}
    return tuple(
        (shape_of(c), tuple(_place(ref, position, start, outside) for _, ref in c.inputs))
        for c in calls[start : start + length]
    )


def readers_of(body: Body) -> dict[tuple[int, int], list[int]]:
    """By value: positions of the calls that read it; the number of calls for the body's heads."""
    found: dict[tuple[int, int], list[int]] = defaultdict(list)
    for i, call in enumerate(body.calls):
        for _, (source, index) in call.inputs:
            found[id(source), index].append(i)
    for source, index in body.heads:
        found[id(source), index].append(len(body.calls))
    return found


def _outputs(window: Window, readers: dict[tuple[int, int], list[int]]) -> tuple[tuple[int, int], ...]:
    """(call in the window, output) of the values that are read behind it."""
    end = window.start + window.length
    return tuple(
        (i, k)
        for i, call in enumerate(window.calls)
        for k in range(call.outputs)
        if any(r >= end for r in readers.get((id(call), k), ()))
    )


def _by_outputs(
    windows: Sequence[Window], readers: dict[int, dict[tuple[int, int], list[int]]]
) -> list[tuple[int, list[Window]]]:
    """The windows apart by which of their values are read behind them, with the number of these."""
    parts: dict[tuple, list[Window]] = defaultdict(list)
    for w in windows:
        parts[_outputs(w, readers[id(w.body)])].append(w)
    return [(len(outputs), part) for outputs, part in parts.items() if outputs]


class _Shared:
    """What windows share, and what they need to be given."""

    def __init__(self, windows: Sequence[Window], atoms: Atoms):
        first = windows[0]
        self.outputs = _outputs(first, readers_of(first.body))
        self.keys: list[tuple[int, Key]] = [
            (i, k) for i, c in enumerate(first.calls) for k in sorted(c.fields, key=_last)
        ]
        labels = [_label(first.calls[i], k) for i, k in self.keys]
        rows = [[w.calls[i].fields[k] for i, k in self.keys] for w in windows]
        self.unified = Unified(labels, rows, atoms)
        self.outside = [_outside(w) for w in windows]

    def burden(self) -> float:
        """What makes a call of the function hard to read: many parameters, inputs and outputs."""
        params = max(0, len(self.unified.columns) - 3)
        return 0.25 * params + 0.3 * (len(self.outside[0]) - 1) + 2 * (len(self.outputs) - 1)


def _last(key: Key) -> tuple[bool, Key]:
    return key[0] == "name", key


def _label(call: Call, key: Key) -> tuple[str, ...]:
    """What `Unified` calls the field of a call: its kind, and a name for a parameter."""
    if key[0] in ("name", "var") and len(key) < 3:
        return ("name", short_name(call.target))
    if key[0] == "arg":
        param = call.target.params[int(key[1])]
        return ("text" if param.kind == "text" and param.name.endswith("name") else param.kind, param.name)
    return ("value", key[-1].removeprefix("attr/").strip("_").replace("/", "_"))


_SHORT = {
    "Convolution": "conv", "Deconvolution": "deconv", "FullyConnected": "fc", "BatchNorm": "bn", "Activation": "act",
    "LeakyReLU": "act", "Pooling": "pool", "elemwise_add": "add", "broadcast_add": "add", "Concat": "concat",
    "SliceChannel": "split", "elemwise_mul": "mul", "broadcast_mul": "mul", "Embedding": "embed", "_plus_scalar": "add",
    "_mul_scalar": "mul", "Flatten": "flat", "SoftmaxOutput": "softmax", "Variable": "var", "transpose": "transposed",
    "CuDNNBatchNorm": "bn", "Reshape": "reshaped", "Dropout": "drop",
}  # fmt: skip


def short_name(target: Any) -> str:
    """A short word for what a call does."""
    if isinstance(target, Function):
        return "x"
    last = target.rpartition(".")[2]
    found: str | None = _SHORT.get(last)
    return last.strip("_").lower() if found is None else found


def _outside(window: Window) -> list[tuple[str, Ref]]:
    """The values that a window takes from outside, with what their first readers call them."""
    inside = {id(c) for c in window.calls}
    found: dict[tuple[int, int], tuple[str, Ref]] = {}
    for call in window.calls:
        ports = [p.role for p in call.target.ports] if isinstance(call.target, Function) else call.roles
        for role, (_, (source, index)) in zip(ports, call.inputs, strict=True):
            if id(source) not in inside:
                found.setdefault((id(source), index), (role, (source, index)))
    return list(found.values())


def _make(windows: list[Window], shared: _Shared, bodies: Sequence[Body]) -> Function:
    """The function of the windows, which become calls of it."""
    ports = [Port(_port(role)) for role, _ in shared.outside[0]]
    first = windows[0]
    inner: dict[tuple[int, int], Ref] = {
        (id(source), index): (port, 0) for port, (_, (source, index)) in zip(ports, shared.outside[0], strict=True)
    }
    copies: list[Call] = []
    for call in first.calls:
        made = Call(call.target, [(r, inner[id(s), k]) for r, (s, k) in call.inputs], {}, call.outputs, (), call.roles)
        inner |= {(id(call), k): (made, k) for k in range(call.outputs)}
        copies.append(made)
    values = dict(zip(shared.keys, shared.unified.values, strict=True))
    for i, (made, call) in enumerate(zip(copies, first.calls, strict=True)):
        made.fields = {k: values[i, k] for k in call.fields}
    heads: list[Ref] = [(copies[i], k) for i, k in shared.outputs]
    function = Function(Body(copies, heads), ports, [c.param for c in shared.unified.columns])
    _register(copies)
    for number, window in enumerate(windows):
        fields: dict[Key, Any] = {("arg", str(i)): _value(c, number) for i, c in enumerate(shared.unified.columns)}
        made = Call(function, [(None, ref) for _, ref in _outside(window)], fields, len(heads))
        function.calls.append(made)
        _replace(window, made, shared.outputs)
    for body in bodies:
        body.calls[:] = [c for c in body.calls if c.target is not None]
    return function


def _port(role: str | None) -> str:
    return "data" if role is None or role in ("lhs", "rhs", "_data") or role.startswith("arg") else role


def _value(column: Column, number: int) -> Any:
    return column.values[number]


def _register(copies: Sequence[Call]) -> None:
    for c in copies:
        if isinstance(c.target, Function):
            c.target.calls.append(c)


def _replace(window: Window, made: Call, outputs: Sequence[tuple[int, int]]) -> None:
    """Puts a call in a window's place; the window's other calls are marked for removal."""
    old = window.calls
    new: dict[tuple[int, int], Ref] = {(id(old[i]), k): (made, n) for n, (i, k) in enumerate(outputs)}
    body = window.body
    for call in old:
        if isinstance(call.target, Function):
            call.target.calls.remove(call)
        call.target = None
    body.calls[window.start] = made
    for call in body.calls:
        if call.target is not None:
            call.inputs = [(r, new.get((id(s), k), (s, k))) for r, (s, k) in call.inputs]
    body.heads[:] = [new.get((id(s), k), (s, k)) for s, k in body.heads]
