"""Symbol JSON: written byte for byte as MXNet 1.9.1 writes it, read in the form of every MXNet version.

Reading goes text -> RawGraph (rawgraph.py) -> upgraded (legacy.py) -> nodes, here. Knows no JAX.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from declax import graph
from declax.errors import LoadError
from declax.graph import Entry, Node
from declax.io import legacy
from declax.io.files import replacing
from declax.io.rawgraph import RawGraph, parse_json
from declax.util import is_np_shape

if TYPE_CHECKING:
    from declax.symbol import Symbol

_VERSION = legacy.CURRENT_VERSION
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


# -- reading ---------------------------------------------------------------------------------------------------


def loads(text: str | bytes, where: str = "symbol JSON") -> "Symbol":
    """The symbol of a JSON text; LoadError says where it is wrong."""
    return load_json_with_report(text, where)[0]


def load_json_with_report(text: str | bytes, where: str = "symbol JSON") -> tuple["Symbol", list[legacy.Upgrade]]:
    """The symbol of a JSON text, and what of it was written in an older way or changed on loading.

    `parse_json(text).version` is the version of MXNet that saved it.

    >>> text = '{"nodes": [{"op": "null", "name": "x", "inputs": [], "attr": {"lr_mult": "2"}}], '
    >>> net, upgrades = load_json_with_report(text + '"arg_nodes": [0], "heads": [[0, 0]]}')
    >>> [u.kind for u in upgrades]
    ['written_form', 'written_form', 'hidden_keys']
    >>> print(upgrades[-1])
    attribute 'lr_mult' of 'x' is now '__lr_mult__' of 'x'

    Raises:
        LoadError: the text is no symbol; the message says where it is wrong.
    """
    from declax.symbol import Symbol

    with _without_collection():
        raw = parse_json(text, where)
        upgrades = legacy.upgrade(raw)
        return Symbol(_heads(raw)), upgrades


@contextmanager
def _without_collection() -> Iterator[None]:
    """No garbage collection inside: all that loading makes stays, and is looked through again and again as it grows."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _heads(raw: RawGraph) -> list[Entry]:
    """Nodes made from a checked and upgraded graph, subgraphs first."""
    found = legacy.resolve(raw)
    nodes: list[Node | None] = [None] * len(raw.nodes)
    for index in raw.order():
        source = raw.nodes[index]
        pair = found[index]
        subgraphs = tuple(_heads(s) for s in source.subgraphs)
        if pair is None:
            node = Node(None, source.name, source.attrs)
        else:
            node = Node(pair[0], source.name, source.attrs, pair[1], (), subgraphs)
            node.inputs = [Entry(nodes[i], k, v) for i, k, v in source.inputs]  # pyright: ignore[reportArgumentType]
            if pair[0].has_aux:
                _count_writes(node)
        nodes[index] = node
    return [Entry(nodes[i], k, v) for i, k, v in raw.heads]  # pyright: ignore[reportArgumentType]


def _count_writes(node: Node) -> None:
    for i in node.mutated():
        if i < len(node.inputs) and node.inputs[i].node.op is None:
            node.inputs[i].node.version = max(node.inputs[i].node.version, node.inputs[i].version)


def read_text(path: str) -> str:
    """A text file's content; LoadError when it cannot be read or is no UTF-8."""
    try:
        with open(path, encoding="utf-8", newline="") as f:
            return f.read()
    except OSError as e:
        raise LoadError(f"cannot read {path}: {e.strerror or e}") from e
    except UnicodeDecodeError as e:
        raise LoadError(f"{path} is no symbol JSON: byte {e.start} is not UTF-8 text") from e


# -- writing ---------------------------------------------------------------------------------------------------


def dumps(symbol: "Symbol") -> str:
    """The JSON text of a symbol."""
    lines = ["{"]
    _write_graph(lines, symbol.heads, "  ", last=False)
    stamp = f'"mxnet_version": ["int", {_VERSION}]'
    if is_np_shape():
        lines.append(f'  "attrs": {{\n    "is_np_shape": ["int", 1], \n    {stamp}\n  }}')
    else:
        lines.append(f'  "attrs": {{{stamp}}}')
    lines.append("}")
    return "\n".join(lines)


def _write_graph(lines: list[str], heads: Sequence[Entry], pad: str, *, last: bool) -> None:
    order = graph.topological(heads)
    number = {id(node): i for i, node in enumerate(order)}
    lines.append(f'{pad}"nodes": [')
    inner, member = pad + "  ", pad + "    "
    for i, node in enumerate(order):
        lines.append(inner + "{")
        lines.append(f'{member}"op": "{node.op_name.translate(_ESCAPES)}", ')
        lines.append(f'{member}"name": "{node.name.translate(_ESCAPES)}", ')
        if node.attrs:
            lines.append(f'{member}"attrs": {_dict_text(node.attrs, member)}, ')
        inputs = [f"[{number[id(e.node)]}, {e.index}, {e.version}]" for e in node.inputs]
        comma = ", " if node.subgraphs else ""
        lines.append(f'{member}"inputs": {_list_text(inputs, member)}{comma}')
        if node.subgraphs:
            _write_subgraphs(lines, node.subgraphs, member)
        lines.append(inner + ("}" if i + 1 == len(order) else "}, "))
    lines.append(f"{pad}], ")
    arguments = [str(i) for i, node in enumerate(order) if node.op is None]
    rows, total = ["0"], 0
    for node in order:
        total += 1 if node.op is None else node.op.written_outputs(node.params or {})
        rows.append(str(total))
    outputs = [f"[{number[id(e.node)]}, {e.index}, {e.version}]" for e in heads]
    lines.append(f'{pad}"arg_nodes": {_list_text(arguments, pad)}, ')
    lines.append(f'{pad}"node_row_ptr": {_list_text(rows, pad)}, ')
    lines.append(f'{pad}"heads": {_list_text(outputs, pad)}' + ("" if last else ", "))


def _write_subgraphs(lines: list[str], subgraphs: Sequence[Sequence[Entry]], pad: str) -> None:
    lines.append(f'{pad}"subgraphs": [')
    for i, heads in enumerate(subgraphs):
        lines.append(pad + "  {")
        _write_graph(lines, heads, pad + "    ", last=True)
        lines.append(pad + ("  }" if i + 1 == len(subgraphs) else "  }, "))
    lines.append(f"{pad}]")


def _list_text(items: list[str], pad: str) -> str:
    """A list on one line up to ten items, else one item a line, as dmlc's writer has it."""
    if len(items) <= 10:
        return f"[{', '.join(items)}]"
    return "[\n" + ", \n".join(f"{pad}  {x}" for x in items) + f"\n{pad}]"


def _dict_text(attrs: dict[str, str], pad: str) -> str:
    items = [f'"{k.translate(_ESCAPES)}": "{v.translate(_ESCAPES)}"' for k, v in sorted(attrs.items())]
    if len(items) == 1:
        return f"{{{items[0]}}}"
    return "{\n" + ", \n".join(f"{pad}  {x}" for x in items) + f"\n{pad}}}"


def write_text(path: str, text: str) -> None:
    """Writes a file under a temporary name and renames it, so that a failure leaves the old file whole."""
    with replacing(path) as file:
        file.write(text.encode("utf-8"))


def debug_text(heads: Sequence[Entry]) -> str:
    """What `Symbol.debug_str` prints."""
    if len(heads) == 1 and not heads[0].node.inputs:
        first = heads[0].node
        return f"Variable:{first.name}\n" if first.op is None else f"AtomicFunctor  Op:{first.op_name}\n"
    lines = ["Symbol Outputs:"]
    lines += [f"\toutput[{i}]={e.node.name}({e.index})" for i, e in enumerate(heads)]
    for node in graph.topological(heads):
        if node.op is None:
            lines.append(f"Variable:{node.name}")
            continue
        lines += ["--------------------", f"Op:{node.op_name}, Name={node.name}", "Inputs:"]
        for i, e in enumerate(node.inputs):
            version = f" version={e.version}" if e.node.op is None else ""
            lines.append(f"\targ[{i}]={e.node.name}({e.index}){version}")
        if node.attrs:
            lines += ["Attrs:", *(f"\t{k}={v}" for k, v in sorted(node.attrs.items()))]
    return "\n".join(lines) + "\n"
