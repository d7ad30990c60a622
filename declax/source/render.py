"""The program written down: functions of what repeats, then `network()`, which builds the graph."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from declax.source.blocks import Function, extract, readers_of
from declax.source.layout import call, literal, number, quoted
from declax.source.loops import Loop, with_loops
from declax.source.naming import Names, label, most_common, name_functions
from declax.source.statements import Body, Call, Key, Ref, body_of
from declax.source.templates import Atoms, Slot, same

if TYPE_CHECKING:
    from declax.symbol import Symbol

_CONTROL_FLOW = '''def make_node(op, inputs, subgraphs, name, attr):
    """A node by its operator's name, for operators without a function and for those that run subgraphs."""
    definition = registry.lookup(op)
    return symbol.create(definition, op, inputs, {}, {}, name, attr, subgraphs=tuple(list(s.heads) for s in subgraphs))
'''


_PLAIN = ("dtype", "lr_mult", "stype", "wd_mult")
_PARAMETER = '''def parameter(name, **more):
    """A variable with the attributes that most parameters here have."""
    return sym.Variable(name, {}, **more)
'''


def _common_variable(body: Body) -> dict[Key, Any]:
    """The attributes, besides shape and initializer, that most variables have, when they are worth a function."""
    found: Counter[tuple[tuple[str, Any], ...]] = Counter()
    for c in (*body.calls, *body.variables):
        given: dict[str, list[tuple[str, Any]]] = {}
        for key, value in c.fields.items():
            if key[0] == "var" and len(key) == 3:
                given.setdefault(key[1], []).append((key[2], value))
            elif c.target == "sym.Variable" and key[0] == "attr":
                given.setdefault("", []).append((key[1], value))
        found.update(tuple(sorted(p for p in pairs if p[0] in _PLAIN)) for pairs in given.values())
    common, times = found.most_common(1)[0] if found else ((), 0)
    return {("attr", k): v for k, v in common} if len(common) >= 3 and times >= 8 else {}


def to_python(symbol: "Symbol") -> str:
    """Python source with a function `network()` that builds the same graph, name by name and attribute by attribute.

    Parts that repeat are functions with parameters, calls that repeat in a row are loops; lines have 120 columns at
    most. The JSON of `network()` is the symbol's, byte for byte (but for how often auxiliary states count as written
    to in files older than 1.0, which MXNet counts anew when a graph is declared).

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
    atoms = Atoms()
    main = body_of(symbol)
    common = _common_variable(main)
    functions = extract(main, atoms)
    writer = _Writer(atoms, functions, common)
    blocks = [writer.function(f) for f in _callees_first(functions)]
    blocks.append(writer.network(main, "network", "The graph."))
    blocks[:0] = writer.subgraphs
    flow = any(c.is_raw for c in main.calls) or bool(writer.subgraphs)
    helpers = [_CONTROL_FLOW] if flow else []
    if common:
        given = ", ".join(f"{k[1]}={literal(v, atoms)}" for k, v in common.items())
        helpers.append(_PARAMETER.format(given))
    imports = "from declax import registry, sym, symbol" if flow else "from declax import sym"
    parts = [f'"""{_title(symbol)}"""\n\n{imports}\n', *helpers, *blocks]
    return "\n\n".join(parts)


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

    def arguments(self, c: Call, inputs: Sequence[str] | None = None) -> list[str]:
        """The arguments of a call, as text."""
        given = [self.ref(r) for _, r in c.inputs] if inputs is None else list(inputs)
        roles = [role for role, _ in c.inputs]
        positional = self.spread([g for role, g in zip(roles, given, strict=True) if role is None])
        named = [f"{role}={g}" for role, g in zip(roles, given, strict=True) if role is not None]
        if self._is_common(c):
            c = Call(c.target, [], {k: v for k, v in c.fields.items() if k not in self.writer.common}, 1)
        if isinstance(c.target, Function):
            return [*positional, *self._made_arguments(c, c.target)]
        attrs, hidden, variables = [], {}, {}
        for key, value in c.fields.items():
            if key[0] == "var":
                variables.setdefault(key[1], {})[key[2:]] = value
            elif key[0] == "hidden" or (key[0] == "attr" and key[1].startswith("attr/")):
                hidden[key[1].removeprefix("attr/")] = value
            elif key[0] == "attr":
                attrs.append(f"{key[1]}={literal(value, self.atoms)}")
        for role, fields in variables.items():
            flat = {("name",): fields[()], **{("attr", k[0]): v for k, v in fields.items() if k}}
            inner = Call("sym.Variable", [], flat, 1)
            named.append(f"{role}={self.callee(inner)}({', '.join(self.arguments(inner))})")
        if hidden:
            items = ", ".join(f"{quoted(k)}: {literal(v, self.atoms)}" for k, v in hidden.items())
            attrs.append(f"attr={{{items}}}")
        name = literal(c.fields["name",], self.atoms)
        if c.target == "sym.Variable":
            return [name, *attrs]
        return [*positional, *named, *attrs, f"name={name}"]

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
        return c.target == "sym.Variable" and bool(common) and all(c.fields.get(k) == v for k, v in common.items())

    def callee(self, c: Call) -> str:
        if self._is_common(c):
            return "parameter"
        return c.target if isinstance(c.target, str) else self.writer.names[id(c.target)]

    # -- statements --------------------------------------------------------------------------------------------

    def body(self, body: Body, *, is_network: bool) -> list[str]:
        """The lines of a function's body."""
        lines: list[str] = []
        for v in body.variables:
            name = self.expressions[id(v), 0] = self.names.new(label(v, self.atoms))
            lines += call(4, f"{name} = ", self.callee(v), self.arguments(v))
        self.items = with_loops(body, self.atoms)
        self.readers = self._item_readers(body)
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

    def _item_readers(self, body: Body) -> dict[tuple[int, int], set[int]]:
        """By value: the items that read it; their number for the body's heads."""
        place: list[int] = []
        for at, item in enumerate(self.items):
            place += [at] * (len(item.rounds) * len(item.body) if isinstance(item, Loop) else 1)
        place.append(len(self.items))
        return {value: {place[i] for i in found} for value, found in readers_of(body).items()}

    def _is_result(self, c: Call, body: Body) -> bool:
        """Whether the value of the last call is all that the function gives."""
        return [(id(s), k) for s, k in body.heads] == [(id(c), k) for k in range(c.outputs)]

    def statement(self, c: Call, before: str, indent: int, inputs: Sequence[str] | None = None) -> list[str]:
        if not c.is_raw:
            return call(indent, before, self.callee(c), self.arguments(c, inputs))
        made = [self.writer.subgraph(b, f"{label(c, self.atoms)}_graph") for b in c.bodies]
        given = [self.ref(r) for _, r in c.inputs] if inputs is None else inputs
        attrs = ", ".join(f"{quoted(k[1])}: {quoted(_text(v))}" for k, v in c.fields.items() if k[0] != "name")
        parts = [
            quoted(c.target), f"[{', '.join(given)}]", f"[{', '.join(f'{m}()' for m in made)}]",
            literal(c.fields["name",], self.atoms), f"{{{attrs}}}",
        ]  # fmt: skip
        return call(indent, before, "make_node", parts)

    def _assigned(self, at: int, c: Call) -> str:
        """`name = ` for a call, where the values' expressions are noted."""
        if isinstance(c.target, Function) and c.outputs > 1:
            words = [label(c.target.body.heads[k][0], self.atoms) for k in range(c.outputs)]  # type: ignore[arg-type]
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
        if isinstance(following, Call):
            return True
        places = [n for n, (first, _) in enumerate(following.carried) if first[0] is c]
        inputs = [r for calls in following.rounds for f in calls for _, r in f.inputs if r[0] is c]
        return c.outputs == 1 and len(places) == 1 and len(inputs) == list(following.carries.values()).count(places[0])

    # -- loops -------------------------------------------------------------------------------------------------

    def loop(self, at: int, loop: Loop) -> list[str]:
        """The lines of a loop."""
        last = loop.rounds[-1]
        before: list[str] = []
        carried: list[str] = []
        for first, (j, k) in loop.carried:
            start = self.ref(first)
            final = self.readers.get((id(last[j]), k), set()) - {at}
            name = "x" if start == "x" and final <= {at + 1} else self.names.new(label(loop.body[j], self.atoms))
            carried.append(name)
            if name != start:
                before.append(f"    {name} = {start}")
        for column in loop.table:
            column.param.name = self.names.new(column.param.name or "name")
        local: dict[tuple[int, int], str] = {}
        after: list[str] = []
        inside: list[str] = []
        for j, c in enumerate(loop.body):
            given = [self._loop_input(loop, carried, local, j, n, r) for n, (_, r) in enumerate(c.inputs)]
            targets = [self._loop_target(loop, carried, j, k, after) for k in range(c.outputs)]
            if isinstance(c.target, Function) or c.outputs == 1:
                local |= {(j, k): t for k, t in enumerate(targets)}
                inside += self.statement(c, f"{', '.join(targets)} = ", 8, given)
            else:
                whole = self.names.new(label(c, self.atoms))
                local |= {(j, k): f"{whole}[{k}]" for k in range(c.outputs)}
                inside += self.statement(c, f"{whole} = ", 8, given)
                after += [f"        {t} = {whole}[{k}]" for k, t in enumerate(targets) if t in carried]
        for j, k in loop.listed:
            name = self.names.new(f"{label(loop.body[j], self.atoms)}s")
            before.append(f"    {name} = []")
            after.append(f"        {name}.append({local[j, k]})")
            self.lists[name] = len(loop.rounds)
            self.expressions |= {(id(r[j]), k): f"{name}[{t}]" for t, r in enumerate(loop.rounds)}
        for (j, k), text in local.items():
            self.expressions.setdefault((id(last[j]), k), text)
        for n, (_, (j, k)) in enumerate(loop.carried):
            if (j, k) not in loop.listed:
                self.expressions[id(last[j]), k] = carried[n]
        return [*before, *self._header(loop, [*inside, *after]), *inside, *after]

    def _loop_input(
        self, loop: Loop, carried: list[str], local: dict[tuple[int, int], str], j: int, n: int, ref: Ref
    ) -> str:
        if (j, n) in loop.carries:
            return carried[loop.carries[j, n]]
        if (j, n) in loop.indexed:
            source, index, step = loop.indexed[j, n]
            whole = self.expressions[id(source), index].rpartition("[")[0]
            return f"{whole}[{number(Slot(loop.index, step, index - step * loop.first))}]"
        place = next(((m, ref[1]) for m, c in enumerate(loop.rounds[0]) if c is ref[0]), None)
        return self.ref(ref) if place is None else local[place]

    def _loop_target(self, loop: Loop, carried: list[str], j: int, k: int, after: list[str]) -> str:
        """The name of a value in the loop; a carried one that is still needed is handed on at the end."""
        places = [n for n, (_, place) in enumerate(loop.carried) if place == (j, k)]
        if not places:
            return self.names.new(label(loop.body[j], self.atoms))
        name = carried[places[0]]
        if any(n == places[0] and reader > j for (reader, _), n in loop.carries.items()):
            fresh = self.names.new(f"new_{name}")
            after.append(f"        {name} = {fresh}")
            return fresh
        return name

    def _header(self, loop: Loop, lines: Sequence[str]) -> list[str]:
        is_used = any(re.search(rf"\b{loop.index.name}\b", line) for line in lines)
        rounds, first = len(loop.rounds), loop.first
        if not loop.table:
            span = f"{first}, {first + rounds}" if first else f"{rounds}"
            return [f"    for {loop.index.name if is_used else '_'} in range({span}):"]
        column = loop.table[0]
        values = f"({', '.join(literal(v, self.atoms) for v in column.values)})"
        if is_used:
            start = f", {first}" if first else ""
            return [f"    for {loop.index.name}, {column.param.name} in enumerate({values}{start}):"]
        return [f"    for {column.param.name} in {values}:"]


def _text(value: Any) -> str:
    from declax.attrs import to_text

    return to_text(value)
