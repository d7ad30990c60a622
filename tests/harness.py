"""Cases of the table as one-node symbols, and many of them as one graph, so that compiling does not dominate."""

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import jax
import numpy as np

import declax as dx
from declax.attrs import to_text
from declax.frontend import operator_function
from declax.registry import OpDef, lookup
from declax.symbol import namespaces
from tests import table
from tests.table import Case


@dataclass(frozen=True, eq=False)
class Bound:
    """A case with its place in the table, its operator and its arrays."""

    case: Case
    family: str
    number: int

    @property
    def label(self) -> str:
        """How messages call the case."""
        attrs = ", ".join(f"{k}={v}" for k, v in self.case.attrs.items())
        shapes = ", ".join(str(x.shape) for x in self.arrays)
        return f"{self.family}[{self.number}] {self.case.op}({attrs}) on {shapes}" + f" {self.case.id}".rstrip()

    @property
    def prefix(self) -> str:
        return f"{self.family}{self.number}"

    @cached_property
    def op(self) -> OpDef:
        return lookup(self.case.op)

    @cached_property
    def texts(self) -> dict[str, str]:
        """The case's attributes as they stand in JSON."""
        given = dict(self.case.attrs)
        if self.op.num_args:
            given.setdefault(self.op.num_args, len(self.case.inputs))
        return {k: to_text(v) for k, v in given.items()}

    @cached_property
    def params(self) -> dict[str, Any]:
        return self.op.parse(self.texts)

    @cached_property
    def arrays(self) -> list[np.ndarray]:
        return self.case.arrays()

    @cached_property
    def names(self) -> list[str]:
        """Names of the case's variables, in the order of its arrays."""
        found = self.op.input_names(self.params, len(self.arrays))
        assert len(found) == len(self.arrays), f"{self.label}: the inputs are {found}, {len(self.arrays)} are given"
        return [f"{self.prefix}_{n}" for n in found]

    @cached_property
    def aux_names(self) -> list[str]:
        return [self.names[i] for i in self.op.mutated(self.params)]

    @cached_property
    def symbol(self) -> dx.sym.Symbol:
        """The case as a symbol of one node."""
        if not self.op.auto_create:  # as in MXNet such an operator cannot be composed by its Python function, only read
            return self._read()
        variables = [dx.sym.Variable(n) for n in self.names]
        make = operator_function(self.op, self.op.name, namespaces)
        if self.op.variadic:
            return make(*variables, name=self.prefix, **self.case.attrs)
        inputs = dict(zip(self.op.input_names(self.params), variables, strict=True))
        return make(name=self.prefix, **inputs, **self.case.attrs)

    def _read(self) -> dx.sym.Symbol:
        variables = [{"op": "null", "name": n, "inputs": []} for n in self.names]
        inputs = [[i, 0, 0] for i in range(len(variables))]
        node = {"op": self.op.name, "name": self.prefix, "attrs": self.texts, "inputs": inputs}
        heads = [[len(variables), i, 0] for i in range(self.op.visible_outputs(self.params))]
        return dx.sym.load_json(
            json.dumps({"nodes": [*variables, node], "arg_nodes": list(range(len(variables))), "heads": heads})
        )

    @property
    def random(self) -> bool:
        return self.op.takes_key

    @property
    def plain(self) -> bool:
        """Whether the body runs on arrays alone, with shapes that do not depend on values."""
        return not (self.op.dynamic or self.op.takes_subgraphs)

    def key(self) -> Any:
        return jax.random.key(7) if self.random else None

    def run(self, arrays: Iterable[Any]) -> tuple:
        """Outputs and new auxiliary states of the operator's body."""
        return self.op.run(self.params, list(arrays), train=self.case.train, key=self.key())

    @cached_property
    def traced(self) -> list[Any]:
        """Shapes and dtypes of what `run` gives; of the values themselves where shapes depend on them."""
        with scope(self), jax.enable_x64(True):
            if not self.plain:
                return [np.asarray(y) for y in self.run([jax.numpy.asarray(x) for x in self.arrays])]
            return list(jax.eval_shape(lambda *xs: self.run(xs), *self.arrays))

    @property
    def shown(self) -> slice:
        """Which of `run`'s results a symbol shows."""
        return slice(self.op.visible_outputs(self.params))

    @property
    def written(self) -> slice:
        """Which of `run`'s results are new auxiliary states."""
        return slice(self.op.num_outputs(self.params), None)


def bodies(members: list[Bound]) -> dict[Bound, list[Any]]:
    """What the bodies give on their own, all compiled as one function; of random ones only shapes and dtypes."""
    eager = [b for b in members if not b.plain]
    rest = [b for b in members if b.plain and not b.random]
    found: dict[Bound, list[Any]] = {b: b.traced for b in members if b.random}
    with jax.enable_x64(True):
        found.update({b: b.run([jax.numpy.asarray(x) for x in b.arrays]) for b in eager})
        if rest:
            compiled = jax.jit(lambda xs: [b.run(x) for b, x in zip(rest, xs, strict=True)])
            found.update(zip(rest, compiled([b.arrays for b in rest]), strict=True))
    return found


@contextmanager
def scope(bound: Bound):
    """The shape semantics under which a case is meant."""
    with ExitStack() as stack:
        if bound.case.np_shape:
            stack.enter_context(dx.util.np_shape(True))
        yield


def bound_cases() -> list[Bound]:
    """Every case of the table."""
    found = []
    for module in sorted(m.name for m in iter_modules(table.__path__)):
        cases = import_module(f"tests.table.{module}").CASES
        found += [Bound(case, module, i) for i, case in enumerate(cases)]
    return found


def chunks(cases: Iterable[Bound], size: int = 24) -> list[tuple[str, list[Bound]]]:
    """Cases that can be one graph, with a name for the test: one family, one mode, `size` at a time."""
    groups: dict[tuple, list[Bound]] = {}
    for b in cases:
        if b.op.num_outputs(b.params) == 0:
            continue  # nothing to bind: it is called on arrays only
        alone = b.number if not b.plain else -1
        wide = any(x.dtype.itemsize == 8 for x in b.arrays)
        groups.setdefault((b.family, b.case.train, b.case.np_shape, wide, alone), []).append(b)
    found = []
    for (family, train, np_shape, wide, _), members in groups.items():
        mode = family + "-train" * train + "-np" * np_shape + "-wide" * wide
        for start in range(0, len(members), size):
            part = members[start : start + size]
            found.append((f"{mode}-{part[0].number}..{part[-1].number}", part))
    return found


def each(members: list[Bound], check: Callable[[Bound], None]) -> None:
    """Runs a check on every member and reports all failures together."""
    failures = []
    for b in members:
        try:
            with scope(b):
                check(b)
        except Exception as e:
            failures.append(f"{b.label}: {type(e).__name__}: {e}")
    assert not failures, f"{len(failures)} of {len(members)} cases fail\n" + "\n".join(failures)


def together(members: list[Bound], run: Callable[[list[Bound]], dict[Bound, Any]]) -> dict[Bound, Any]:
    """`run` on all members as one graph; when that raises, on one after the other to find the culprits."""
    try:
        with scope(members[0]):
            return run(members)
    except Exception:
        found: dict[Bound, Any] = {}
        for b in members:
            try:
                with scope(b):
                    found.update(run([b]))
            except Exception as e:
                found[b] = e
        return found


def close(what: str, got: Any, want: Any, rtol: float, atol: float) -> None:
    """Same shape, same dtype, same values within `rtol * |want| + atol * max|want|`."""
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"{what}: shape {got.shape}, expected {want.shape}"
    assert got.dtype == want.dtype, f"{what}: dtype {got.dtype}, expected {want.dtype}"
    if want.dtype.kind in "biu":
        assert (got == want).all(), f"{what}: {(got != want).sum()} of {want.size} values differ"
        return
    g, w = got.astype("float64"), want.astype("float64")
    finite = np.isfinite(w)
    same = np.where(np.isnan(w), np.isnan(g), g == w)
    largest = np.abs(w[finite]).max(initial=1.0)
    with np.errstate(invalid="ignore"):
        bad = ~(same | (finite & (np.abs(g - w) <= atol * largest + rtol * np.abs(w))))
    if bad.any():
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise AssertionError(f"{what}: {bad.sum()} of {w.size} values differ, at {at}: {g[at]!r}, expected {w[at]!r}")
