"""Parts of a program that repeat become functions: again and again the part whose function saves most lines."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any

from declax.source.counting import unified
from declax.source.statements import Body, Call, Key, Port, Ref
from declax.source.templates import Atoms, Column, Param, Slot
from declax.source.windows import Index, Window, outside, repeating

_LONGEST = 48
_LOOKED_AT = 400  # candidates whose outputs are found in each round
_TRIED = 10  # candidates whose parameters are found; more when none of them is worth it
_TRIED_AT_MOST = 100
_SAMPLED = 6  # windows of a candidate from which they are
_LEAST = 1.0  # lines that a function has to save


@dataclass(eq=False)
class Function:
    """A part that repeats: its body, what it takes from outside, and its parameters."""

    body: Body
    ports: list[Port]
    params: list[Param]
    calls: list[Call] = field(default_factory=list)


def extract(program: Sequence[Body], atoms: Atoms) -> list[Function]:
    """Takes the repeated parts out of the bodies of a program, which are changed; returns the functions."""
    functions: list[Function] = []
    search = _Search(atoms)
    while True:
        bodies = [*program, *(f.body for f in functions)]
        chosen = search.best(bodies)
        if chosen is None:
            return [f for f in functions if f.calls]
        functions.append(_make(*chosen, bodies))


class _Search:
    """The search for the part whose function saves most, again and again in a program that becomes shorter."""

    def __init__(self, atoms: Atoms):
        self.atoms = atoms
        self._numbers: dict[tuple, int] = {}
        self._burdens: dict[tuple, tuple[float, list[Call]]] = {}  # the calls are kept for their `id`s

    def best(self, bodies: Sequence[Body]) -> tuple[list[Window], "_Shared"] | None:
        """The windows whose function saves most, and what they share."""
        candidates: list[tuple[float, int, list[Window]]] = []
        promising = nlargest(_LOOKED_AT, self._rated(bodies), key=lambda r: r[:2])
        for limit, number, windows in promising:
            if windows[0].is_periodic() or any(_cuts_a_run(w) for w in windows):  # a loop says better what is periodic
                continue
            for outputs, part in _by_outputs(windows):
                candidates.append((limit - _several(part, outputs), number, part))
                alone = _by_body(part)
                candidates += [(_rating(p, 0) - _several(p, outputs), number, p) for p in alone if len(alone) > 1]
        candidates.sort(reverse=True, key=lambda c: c[:2])
        best: tuple[float, list[Window]] | None = None
        for tried, (limit, _, part) in enumerate(candidates[:_TRIED_AT_MOST]):
            least = best[0] if best is not None else 0.0
            if limit <= least or (best is not None and tried >= _TRIED):
                break
            burden, outputs = self._burden(part)
            rating = _rating(part, burden) - _several(part, outputs)
            if _saved(len(part), _weight(part), burden) > _LEAST and rating > least:
                best = rating, part
        return (best[1], _Shared(best[1], self.atoms)) if best else None

    def _rated(self, bodies: Sequence[Body]) -> Iterator[tuple[float, int, list[Window]]]:
        """(rating of a function that is no burden, number, windows) of the parts that could be worth a function."""
        indices = [Index(b, self._numbers, _lines) for b in bodies]
        for number, windows in enumerate(repeating(indices, _LONGEST)):
            first = windows[0]
            if first.length == 1 and not _is_worth_its_own(first.calls[0]):
                continue
            saved = _saved(len(windows), _weight(windows), 0)
            if saved > _LEAST:
                yield _rating(windows, 0, saved), -number, windows

    def _burden(self, part: list[Window]) -> tuple[float, int]:
        """What makes calls of the part's function hard to read, and the number of its outputs."""
        some = part[:: len(part) // _SAMPLED + 1]
        calls = [c for w in some for c in w.calls]
        outputs = part[0].outputs()
        key = (outputs, *map(id, calls))
        if key not in self._burdens:
            shared = _Shared(some, self.atoms)
            self._burdens[key] = shared.burden() + 2 * _is_two_steps(some[0]), calls
        return self._burdens[key][0], len(outputs)


def _several(windows: Sequence[Window], outputs: int) -> float:
    """What speaks against a function with several outputs, and more so when it calls other functions."""
    nested = any(isinstance(c.target, Function) for c in windows[0].calls)
    return (6 if nested else 2) * len(windows) * (outputs - 1)


def _saved(count: int, weight: float, burden: float) -> float:
    """Lines saved by a function that stands for `count` parts of some weight."""
    return count * weight - (weight + 2) - count * (1 + burden)


def _rating(windows: Sequence[Window], burden: float, saved: float | None = None) -> float:
    """How good a function a part would make: what it saves, and more so what it saves by calls that differ.

    A part that repeats within itself counts little for that, so that functions are found from the small to the large.
    """
    whole = _saved(len(windows), _weight(windows), burden) if saved is None else saved
    return _saved(len(windows), windows[0].different_lines(), burden) + whole / 2


def _weight(windows: Sequence[Window]) -> float:
    """About how many lines a part takes to write."""
    some = windows[:: len(windows) // _SAMPLED + 1]
    return sum(w.lines for w in some) / len(some)


def _lines(call: Call) -> float:
    """About how many lines a call takes: one, or one for each argument where they do not fit."""
    if not call.lines:
        call.lines = _count_lines(call)
    return call.lines


def _count_lines(call: Call) -> float:
    if isinstance(call.target, Function):
        given = [k for k, p in zip(call.fields, call.target.params, strict=True) if not _is_usual(call, k, p)]
        width = 30 + 10 * len(call.inputs)
        width += sum(len(call.target.params[int(k[1])].name) + 3 + len(_text(call.fields[k])) for k in given)
        return _broken(width, len(call.inputs) + len(given)) + 1 + width / 400
    width = 20 + 8 * len(call.inputs) + sum(len(k[-1]) + len(str(v)) + 3 for k, v in call.fields.items())
    variables = sum(k[0] == "var" and len(k) == 2 for k in call.fields)
    width += 14 * variables
    if width <= 125:
        return 1 + width / 400
    if width <= 140:
        return 3
    arguments = sum(len(k) == 1 or k[0] != "var" or len(k) == 2 for k in call.fields) + len(call.inputs)
    return 2 + arguments


def _is_worth_its_own(call: Call) -> bool:
    """Whether one call is long enough for a function of it alone."""
    return isinstance(call.target, str) and _lines(call) >= 2


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


def _by_outputs(windows: Sequence[Window]) -> list[tuple[int, list[Window]]]:
    """The windows apart by which of their values are read behind them, with the number of these."""
    parts: dict[tuple, list[Window]] = defaultdict(list)
    for w in windows:
        parts[w.outputs()].append(w)
    return [(len(outputs), part) for outputs, part in parts.items() if outputs and len(part) > 1]


def _by_body(windows: Sequence[Window]) -> list[list[Window]]:
    """The windows apart by their body, where there are several in it: within one they mostly have more in common."""
    parts: dict[int, list[Window]] = defaultdict(list)
    for w in windows:
        parts[id(w.index)].append(w)
    return [part for part in parts.values() if len(part) > 1]


class _Shared:
    """What windows share, and what they need to be given."""

    def __init__(self, windows: Sequence[Window], atoms: Atoms):
        first = windows[0]
        self.outputs = first.outputs()
        self.keys: list[tuple[int, Key]] = [
            (i, k) for i, c in enumerate(first.calls) for k in sorted(c.fields, key=_last)
        ]
        labels = [_label(first.calls[i], k) for i, k in self.keys]
        rows = [[w.calls[i].fields[k] for i, k in self.keys] for w in windows]
        self.unified = unified(labels, rows, atoms)
        self.outside = [outside(w.calls, _roles) for w in windows]

    def burden(self) -> float:
        """What makes a call of the function hard to read, in lines beyond its first one."""
        columns, inputs = self.unified.columns, len(self.outside[0])
        params = max(0, len(columns) - 3)
        given = [_shown(c) for c in columns]
        width = 30 + 10 * inputs + sum(given)
        arguments = inputs + sum(g > 0 for g in given)
        return _broken(width, arguments) + 0.25 * params + 0.3 * (inputs - 1) + 2 * (len(self.outputs) - 1)


def _broken(width: float, arguments: int) -> int:
    """Lines beyond the first of a call that has about this many characters."""
    return 0 if width <= 120 else 2 if width <= 140 else 1 + arguments


def _text(value: Any) -> str:
    """About how a value is written."""
    return "i + 1" if isinstance(value, Slot) else str(value)


def _is_usual(call: Call, key: Key, param: Param) -> bool:
    """Whether a value is the one that most calls of the function have, so that it need not be written."""
    if param.kind != "value":
        return False
    values = [_text(c.fields[key]) for c in call.target.calls[:20]]
    return 3 * values.count(_text(call.fields[key])) >= max(6, len(values))


def _shown(column: Column) -> float:
    """About how many characters a parameter takes in a call, on average; it may be left out where its default holds."""
    texts = [_text(v) for v in column.values]
    width = len(column.param.name) + 3 + sum(map(len, texts)) / len(texts)
    times = max(Counter(texts).values())
    has_default = column.param.kind == "value" and times >= 2 and 3 * times >= len(texts)
    return width * (1 - times / len(texts)) if has_default else width


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


def _roles(call: Call) -> Sequence[str]:
    """What a call's target calls its inputs."""
    return [p.role for p in call.target.ports] if isinstance(call.target, Function) else call.roles


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
    new: dict[tuple[int, int], Ref] = {}
    for number, window in enumerate(windows):
        fields: dict[Key, Any] = {("arg", str(i)): _value(c, number) for i, c in enumerate(shared.unified.columns)}
        made = Call(function, [(None, ref) for _, ref in outside(window.calls, _roles)], fields, len(heads))
        function.calls.append(made)
        new |= _replace(window, made, shared.outputs)
    for body in bodies:
        body.calls[:] = [c for c in body.calls if c.target is not None]
        for call in body.calls:
            if any((id(s), k) in new for _, (s, k) in call.inputs):
                call.inputs = [(r, new.get((id(s), k), (s, k))) for r, (s, k) in call.inputs]
        body.heads[:] = [new.get((id(s), k), (s, k)) for s, k in body.heads]
    return function


def _port(role: str | None) -> str:
    return "data" if role is None or role in ("lhs", "rhs", "_data") or role.startswith("arg") else role


def _value(column: Column, number: int) -> Any:
    return column.values[number]


def _register(copies: Sequence[Call]) -> None:
    for c in copies:
        if isinstance(c.target, Function):
            c.target.calls.append(c)


def _replace(window: Window, made: Call, outputs: Sequence[tuple[int, int]]) -> dict[tuple[int, int], Ref]:
    """Puts a call in a window's place; the window's other calls are marked for removal.

    Returns:
        What now stands for each of the values that are read behind the window.
    """
    old = window.calls
    for call in old:
        if isinstance(call.target, Function):
            call.target.calls.remove(call)
        call.target = None
    window.body.calls[window.start] = made
    return {(id(old[i]), k): (made, n) for n, (i, k) in enumerate(outputs)}
