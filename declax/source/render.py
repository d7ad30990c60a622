"""The program written down: functions of what repeats, then `network()`, which builds the graph."""

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from declax import graph
from declax.source.blocks import Function, extract
from declax.source.helpers import (
    MAKE_NODE,
    OLD_VARIABLE,
    common_variable,
    has_old_attributes,
    is_old,
    parameter_helper,
)
from declax.source.layout import call, literal, number, quoted
from declax.source.loops import Loop, roll
from declax.source.naming import Names, label, most_common, name_functions
from declax.source.statements import Body, Call, Key, Ref, body_of
from declax.source.templates import Atoms, Slot, same
from declax.source.windows import readers_of

if TYPE_CHECKING:
    from declax.symbol import Symbol

_ROUNDS, _LONG_ROUNDS = range(1, 7), range(1, 41)
"""Numbers of calls in a round of a loop, of functions and of what stands there before functions are made."""

_WRITTEN_TWICE = 3000
"""Nodes up to which both orders are tried: with few rounds, functions first often read better."""


def to_python(symbol: "Symbol") -> str:
    """Python source with a function `network()` that builds the same graph, name by name and attribute by attribute.

    Parts that repeat are functions with parameters, calls that repeat in a row are loops; lines have 120 columns at
    most. The JSON of `network()` is the symbol's, byte for byte, but for what composing adds anew, as in MXNet: how
    often auxiliary states count as written to (files older than 1.0), and the initializers of states in subgraphs
    (of fused, quantised layers).

    Raises:
        DeclaxError: a node that no public function makes, one without a name say; the message names it.

    >>> net = sym.FullyConnected(sym.Variable("data"), num_hidden=3, name="fc")
    >>> print(to_python(net))
    \"\"\"The network `fc`: data -> fc_output.\"\"\"
    <BLANKLINE>
    from declax import sym
    <BLANKLINE>
    <BLANKLINE>
    def network():
        \"\"\"The graph.\"\"\"
        data = sym.Variable("data")
        return sym.FullyConnected(data, num_hidden=3, name="fc")
    <BLANKLINE>
    """
    source, has_loops = _written(symbol, loops_first=True)
    if has_loops and len(graph.topological(symbol.heads)) < _WRITTEN_TWICE:
        other, _ = _written(symbol, loops_first=False)
        source = min(source, other, key=lambda text: text.count("\n"))
    return source


def _written(symbol: "Symbol", *, loops_first: bool) -> tuple[str, bool]:
    """The source, in which long runs are loops before or after functions are made; whether there were any before."""
    atoms = Atoms()
    main = body_of(symbol)
    common, has_old = common_variable(main), has_old_attributes(main)
    loops = roll(main, atoms, _LONG_ROUNDS, fewest=6, least=24) if loops_first else []
    functions = extract([main, *(loop.body for loop in loops)], atoms)
    writer = _Writer(atoms, functions, common)
    blocks = [writer.function(f) for f in _callees_first(functions)]
    blocks.append(writer.network(main, "network", "The graph."))
    blocks[:0] = writer.subgraphs
    flow = any(c.is_raw and not isinstance(c, Loop) for c in main.calls) or bool(writer.subgraphs)
    helpers = [MAKE_NODE] * flow + [OLD_VARIABLE] * has_old + [parameter_helper(common, atoms)] * bool(common)
    imports = "from declax import registry, sym, symbol" if flow else "from declax import sym"
    parts = [f'"""{_title(symbol)}"""\n\n{imports}\n', *helpers, *blocks]
    return "\n\n".join(parts), bool(loops)


def _title(symbol: "Symbol") -> str:
    inputs = [n for n in symbol.list_arguments() if n == "data" or n.endswith(("_data", "data0"))] or ["..."]
    outputs = symbol.list_outputs()
    named = f"`{symbol.name}`" if symbol.name else f"with {len(outputs)} outputs"
    shown = ", ".join(outputs[:3]) + (" ..." if len(outputs) > 3 else "")
    title = f"The network {named}: {', '.join(inputs[:3])} -> {shown}."
    title = title.replace("\\", "/").replace('"', "'")
    return title if len(title) < 110 else f"The network {named}."[:110]


def _callees_first(functions: Sequence[Function]) -> list[Function]:
    order: list[Function] = []

    def visit(f: Function) -> None:
        for c in f.body.calls:
            if isinstance(c.target, Function) and c.target not in order:
                visit(c.target)
        if f not in order:
            order.append(f)

    for f in functions:
        visit(f)
    return order


class _Writer:
    def __init__(self, atoms: Atoms, functions: Sequence[Function], common: dict[Key, Any]):
        self.atoms, self.common = atoms, common
        ordered = _callees_first(functions)
        self.names = name_functions(ordered, atoms)
        self.top = Names()
        self.top.taken |= set(self.names.values())
        self.subgraphs: list[str] = []
        for f in ordered:
            for i, p in enumerate(f.params):
                p.default = most_common([c.fields["arg", str(i)] for c in f.calls], atoms) if p.kind == "value" else ...

    def function(self, f: Function) -> str:
        """The definition of a made function."""
        first = [p for p in f.params if p.name == "name"]
        rest = [p for p in f.params if p.name != "name"]
        parameters = [p.role for p in f.ports] + [p.name for p in first]
        parameters += [p.name for p in rest if p.default is ...]
        parameters += [f"{p.name}={literal(p.default, self.atoms)}" for p in rest if p.default is not ...]
        scope = _Scope(self, set(self.names.values()) | {p.role for p in f.ports} | {p.name for p in f.params})
        for port in f.ports:
            scope.expressions[id(port), 0] = port.role
        targets = [c.target if isinstance(c.target, str) else self.names[id(c.target)] for c in f.body.calls]
        does = ", ".join(t.removeprefix("sym.") for t in targets)
        does = does if len(does) < 80 else f"{len(targets)} calls, {targets[-1].removeprefix('sym.')} last"
        lines = call(0, "def ", self.names[id(f)], parameters, ":")
        lines.append(f'    """{does[:1].upper()}{does[1:]}."""')
        return "\n".join([*lines, *scope.body(f.body, is_network=False)]) + "\n"

    def network(self, body: Body, name: str, words: str) -> str:
        """The definition of a function without parameters that builds a graph."""
        scope = _Scope(self, set(self.names.values()))
        lines = scope.body(body, is_network=True)
        return "\n".join([f"def {name}():", f'    """{words}"""', *lines]) + "\n"

    def subgraph(self, body: Body, wanted: str) -> str:
        """Writes the function of a control-flow node's subgraph; its name."""
        name = self.top.new(wanted)
        self.subgraphs.append(self.network(body, name, "A subgraph."))
        return name


class _Scope:
    """The body of one function as text."""

    def __init__(self, writer: _Writer, taken: set[str]):
        self.writer, self.atoms = writer, writer.atoms
        self.names = Names()
        self.names.taken |= taken
        self.expressions: dict[tuple[int, int], str] = {}
        self.lists: dict[str, int] = {}  # names of lists, and how long they are

    # -- expressions -------------------------------------------------------------------------------------------

    def ref(self, ref: Ref) -> str:
        return self.expressions[id(ref[0]), ref[1]]

    def arguments(self, c: Call) -> list[str]:
        """The arguments of a call, as text."""
        given = [self.ref(r) for _, r in c.inputs]
        roles = [role for role, _ in c.inputs]
        positional = self.spread([g for role, g in zip(roles, given, strict=True) if role is None])
        named = [f"{role}={g}" for role, g in zip(roles, given, strict=True) if role is not None]
        if self._is_common(c):
            c = Call(c.target, [], {k: v for k, v in c.fields.items() if k not in self.writer.common}, 1)
        if isinstance(c.target, Function):
            return [*positional, *self._made_arguments(c, c.target)]
        attrs, hidden, old, variables = [], {}, {}, {}
        for key, value in c.fields.items():
            if key[0] == "var":
                variables.setdefault(key[1], {})[key[2:]] = value
            elif is_old(key):
                old[key[1].removeprefix("old/")] = value
            elif key[0] == "hidden" or (key[0] == "attr" and key[1].startswith("attr/")):
                hidden[key[1].removeprefix("attr/")] = value
            elif key[0] == "attr":
                attrs.append(f"{key[1]}={literal(value, self.atoms)}")
        for role, fields in variables.items():
            flat = {("name",): fields[()], **{("attr", k[0]): v for k, v in fields.items() if k}}
            inner = Call("sym.Variable", [], flat, 1)
            named.append(f"{role}={self.callee(inner)}({', '.join(self.arguments(inner))})")
        if hidden:
            attrs.append(f"attr={self._dictionary(hidden)}")
        name = literal(c.fields["name",], self.atoms)
        if c.target == "sym.Variable":
            return [name, *([self._dictionary(old)] if old else []), *attrs]
        return [*positional, *named, *attrs, f"name={name}"]

    def _dictionary(self, values: Mapping[str, Any]) -> str:
        return f"{{{', '.join(f'{quoted(k)}: {literal(v, self.atoms)}' for k, v in values.items())}}}"

    def spread(self, given: list[str]) -> list[str]:
        """Arguments in which the items of a whole list, one after the other, are written as `*list`."""
        found: list[str] = []
        at = 0
        while at < len(given):
            whole, _, rest = given[at].partition("[")
            size = self.lists.get(whole, 0)
            if size and rest == "0]" and given[at : at + size] == [f"{whole}[{i}]" for i in range(size)]:
                found.append(f"*{whole}")
                at += size
            else:
                found.append(given[at])
                at += 1
        return found

    def _made_arguments(self, c: Call, target: Function) -> list[str]:
        values = {p.name: (p, c.fields["arg", str(i)]) for i, p in enumerate(target.params)}
        front = [literal(values["name"][1], self.atoms)] if "name" in values else []
        rest = [
            f"{n}={literal(v, self.atoms)}"
            for n, (p, v) in values.items()
            if n != "name" and (p.default is ... or not same(p.default, v))
        ]
        return [*front, *rest]

    def _is_common(self, c: Call) -> bool:
        """Whether a variable has the attributes that `parameter` gives."""
        common = self.writer.common
        if c.target != "sym.Variable" or not common or any(map(is_old, c.fields)):
            return False
        return all(c.fields.get(k) == v for k, v in common.items())

    def callee(self, c: Call) -> str:
        if self._is_common(c):
            return "parameter"
        if c.target == "sym.Variable" and any(map(is_old, c.fields)):
            return "old_variable"
        return c.target if isinstance(c.target, str) else self.writer.names[id(c.target)]

    # -- statements --------------------------------------------------------------------------------------------

    def body(self, body: Body, *, is_network: bool) -> list[str]:
        """The lines of a function's body."""
        lines: list[str] = []
        for v in body.variables:
            name = self.expressions[id(v), 0] = self.names.new(label(v, self.atoms))
            lines += call(4, f"{name} = ", self.callee(v), self.arguments(v))
        roll(body, self.atoms, _ROUNDS)
        self.items = body.calls
        self.readers = {value: set(found) for value, found in readers_of(body).items()}
        for at, item in enumerate(self.items):
            if isinstance(item, Loop):
                lines += self.loop(at, item)
            elif at + 1 == len(self.items) and self._is_result(item, body):
                return lines + self.statement(item, "return ", 4)
            else:
                lines += self.statement(item, self._assigned(at, item), 4)
        heads = [self.ref(r) for r in body.heads]
        if len(heads) == 1:
            return [*lines, f"    return {heads[0]}"]
        if not is_network:
            return [*lines, f"    return {', '.join(heads)}"]
        heads = self.spread(heads)
        if len(heads) == 1:
            return [*lines, f"    return sym.Group({heads[0].removeprefix('*')})"]
        return lines + call(4, "return ", "sym.Group", [f"[{', '.join(heads)}]"])

    def _is_result(self, c: Call, body: Body) -> bool:
        """Whether the value of the last call is all that the function gives."""
        return [(id(s), k) for s, k in body.heads] == [(id(c), k) for k in range(c.outputs)]

    def statement(self, c: Call, before: str, indent: int) -> list[str]:
        """The lines of a call that is assigned or returned."""
        if not c.is_raw:
            return call(indent, before, self.callee(c), self.arguments(c))
        made = [self.writer.subgraph(b, f"{label(c, self.atoms)}_graph") for b in c.bodies]
        given = [self.ref(r) for _, r in c.inputs]
        attrs = ", ".join(f"{quoted(k[1])}: {quoted(_text(v))}" for k, v in c.fields.items() if k[0] != "name")
        parts = [
            quoted(c.target), f"[{', '.join(given)}]", f"[{', '.join(f'{m}()' for m in made)}]",
            literal(c.fields["name",], self.atoms), f"{{{attrs}}}",
        ]  # fmt: skip
        return call(indent, before, "make_node", parts)

    def _assigned(self, at: int, c: Call) -> str:
        """`name = ` for a call, where the values' expressions are noted."""
        if isinstance(c.target, Function) and c.outputs > 1:
            words = [label(c.target.body.heads[k][0], self.atoms) for k in range(c.outputs)]  # pyright: ignore[reportArgumentType]
            names = [self.names.new(w) for w in words]
            self.expressions |= {(id(c), k): n for k, n in enumerate(names)}
            return f"{', '.join(names)} = "
        readers = set().union(*(self.readers.get((id(c), k), set()) for k in range(c.outputs)))
        name = "x" if self._is_chain(at, c, readers) else self.names.new(label(c, self.atoms))
        self.expressions |= {(id(c), k): name if c.outputs == 1 else f"{name}[{k}]" for k in range(c.outputs)}
        return f"{name} = "

    def _is_chain(self, at: int, c: Call, readers: set[int]) -> bool:
        """Whether the next item is the only one to read a value, so that it may be called x."""
        if readers != {at + 1}:
            return False
        if at + 1 == len(self.items):
            return True
        following = self.items[at + 1]
        if not isinstance(following, Loop):
            return True
        places = [f.at for f in following.feeds if f.kind == "carried"]
        reading = [n for n, (_, ref) in enumerate(following.inputs) if ref[0] is c]
        return c.outputs == 1 and len(reading) == 1 and reading[0] in places

    # -- loops -------------------------------------------------------------------------------------------------

    def loop(self, at: int, loop: Loop) -> list[str]:
        """The lines of a loop."""
        before, carried = self._feed(at, loop)
        for column in loop.table:
            column.param.name = self.names.new(column.param.name or "name")
        places = {(id(source), k): h for h, (source, k) in enumerate(loop.body.heads)}
        ports = {f.head: port for f, port in zip(loop.feeds, loop.ports, strict=True) if f.kind == "carried"}
        last_read = {id(ref[0]): j for j, c in enumerate(loop.body.calls) for _, ref in c.inputs}
        inside: list[str] = []
        after: list[str] = []
        for j, c in enumerate(loop.body.calls):
            targets = []
            for k in range(c.outputs):
                h = places.get((id(c), k), -1)
                name = carried.get(h)
                if name is None:
                    targets.append(self.names.new(label(c, self.atoms)))
                elif last_read[id(ports[h])] > j:  # its old value is still read: it is handed on at the end
                    targets.append(self.names.new(f"new_{name}"))
                    after.append(f"        {name} = {targets[-1]}")
                else:
                    targets.append(name)
            if isinstance(c.target, Function) or c.outputs == 1:
                inside += self.statement(c, f"{', '.join(targets)} = ", 8)
                self.expressions |= {(id(c), k): t for k, t in enumerate(targets)}
            else:
                whole = self.names.new(label(c, self.atoms))
                inside += self.statement(c, f"{whole} = ", 8)
                self.expressions |= {(id(c), k): f"{whole}[{k}]" for k in range(c.outputs)}
                after += [f"        {t} = {whole}[{k}]" for k, t in enumerate(targets) if t in carried.values()]
        for h, ref in enumerate(loop.body.heads):
            self.expressions[id(loop), loop.last(h)] = carried.get(h, self.ref(ref))
        for place, h in enumerate(loop.listed):
            source, k = loop.body.heads[h]
            assert isinstance(source, Call)
            name = self.names.new(f"{label(source, self.atoms)}s")
            before.append(f"    {name} = []")
            after.append(f"        {name}.append({self.ref((source, k))})")
            self.lists[name] = loop.rounds
            begin = place * loop.rounds
            self.expressions |= {(id(loop), begin + t): f"{name}[{t}]" for t in range(loop.rounds)}
        return [*before, *self._header(loop, [*inside, *after]), *inside, *after]

    def _feed(self, at: int, loop: Loop) -> tuple[list[str], dict[int, str]]:
        """What stands before a loop, and names of the values that go from round to round, by head."""
        before: list[str] = []
        carried: dict[int, str] = {}
        for feed, port in zip(loop.feeds, loop.ports, strict=True):
            start = self.ref(loop.inputs[feed.at][1])
            if feed.kind == "indexed":
                whole, _, place = start.removesuffix("]").rpartition("[")
                start = f"{whole}[{number(Slot(loop.index, feed.step, int(place) - feed.step * loop.first))}]"
            elif feed.kind == "carried":
                source = loop.body.heads[feed.head][0]
                assert isinstance(source, Call)
                final = self.readers.get((id(loop), loop.last(feed.head)), set())
                is_next = start == "x" and final <= {at + 1}
                name = carried[feed.head] = "x" if is_next else self.names.new(label(source, self.atoms))
                before += [f"    {name} = {start}"] if name != start else []
                start = name
            self.expressions[id(port), 0] = start
        return before, carried

    def _header(self, loop: Loop, lines: Sequence[str]) -> list[str]:
        is_used = any(re.search(rf"\b{loop.index.name}\b", line) for line in lines)
        rounds, first = loop.rounds, loop.first
        if not loop.table:
            span = f"{first}, {first + rounds}" if first else f"{rounds}"
            return [f"    for {loop.index.name if is_used else '_'} in range({span}):"]
        column = loop.table[0]
        values = [literal(v, self.atoms) for v in column.values]
        if is_used:
            given = [f"({', '.join(values)})", *([str(first)] if first else [])]
            return call(4, f"for {loop.index.name}, {column.param.name} in ", "enumerate", given, ":")
        return call(4, f"for {column.param.name} in ", "", values, ":")


def _text(value: Any) -> str:
    from declax.attrs import to_text

    return to_text(value)
