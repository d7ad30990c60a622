"""The house rules, checked by looking at the package itself: cases, docs, MXNet's names, imports, file sizes."""

import ast
import gzip
import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import declax as dx
from declax import frontend, stubs
from declax.attrs import AttrError
from declax.errors import OperatorError
from declax.registry import OpDef, find, load, operators
from tests.harness import bound_cases

PACKAGE = Path(dx.__file__).parent
FACTS = json.loads(gzip.decompress((Path(__file__).parent / "data" / "ops_facts.json.gz").read_bytes()))


def every_operator() -> list[OpDef]:
    load()
    return [o for o in operators() if stubs.is_own(o)]


# -- every operator ------------------------------------------------------------------------------------------------


def test_every_operator_has_a_case():
    tested = {b.op.name for b in bound_cases()}
    # subgraphs and Python code do not fit a line: test_control_flow.py and test_custom.py have their operators' tests;
    # a graph of _set_value alone has no shape
    elsewhere = {o.name for o in every_operator() if o.takes_subgraphs or o.host} | {"_set_value"}
    missing = [o.name for o in every_operator() if o.name not in tested | elsewhere]
    assert not missing, f"no line in tests/table for {missing}"


FLAT = {
    # values in steps, places, counts, constants
    "_contrib_calibrate_entropy",
    "_arange", "_contrib_MultiBoxPrior", "_contrib_getnnz", "_eye", "_full", "_histogram", "_linspace",
    "_np_all", "_np_any", "_npi_arange", "_npi_argmax", "_npi_argmin", "_npi_around", "_npi_blackman",
    "_npi_diag_indices_from", "_npi_equal", "_npi_equal_scalar", "_npi_eye", "_npi_greater", "_npi_greater_equal",
    "_npi_greater_equal_scalar", "_npi_greater_scalar", "_npi_hamming", "_npi_hanning", "_npi_identity",
    "_npi_indices", "_npi_isfinite", "_npi_isinf", "_npi_isnan", "_npi_isneginf", "_npi_isposinf", "_npi_less",
    "_npi_less_equal", "_npi_less_equal_scalar", "_npi_less_scalar", "_npi_logical_not", "_npi_logspace",
    "_npi_not_equal", "_npi_not_equal_scalar", "_npi_ones", "_npi_share_memory", "_npi_where_scalar2", "_npi_zeros",
    "_npx_constraint_check", "_ones", "_onehot_encode", "_ravel_multi_index", "_set_value", "_unravel_index", "_zeros",
    "_zeros_without_dtype", "one_hot", "reset_arrays",
    # whole numbers only
    "_npi_bitwise_and", "_npi_bitwise_and_scalar", "_npi_bitwise_not", "_npi_bitwise_or", "_npi_bitwise_or_scalar",
    "_npi_bitwise_xor", "_npi_bitwise_xor_scalar", "_npi_lcm", "_npi_lcm_scalar", "_image_resize", "_image_to_tensor",
    "_cvcopyMakeBorder", "_cvimresize",
    # MXNet gives zeros
    "_contrib_MultiBoxDetection", "_contrib_bipartite_matching", "_contrib_box_decode", "_contrib_box_encode",
    "_contrib_box_iou", "_npi_boolean_mask_assign_scalar", "_npi_boolean_mask_assign_tensor", "_npi_eig", "_npi_eigh",
    "_npi_eigvals", "_npi_eigvalsh", "_npi_percentile", "_npi_pinv", "_npi_pinv_scalar_rcond",
    "_np_atleast_1d", "_np_atleast_2d", "_np_atleast_3d", "_npi_std", "_npi_var", "multi_lars", "multi_sum_sq",
    # backward operators
    "_npi_backward_ediff1d", "_npi_backward_nan_to_num", "_npi_backward_polyval",
}  # fmt: skip
"""Operators without a slope that could be measured, by reason."""

OWN = {
    "IdentityAttachKLSparseReg", "SoftmaxOutput", "_contrib_round_ste", "_contrib_sign_ste",
    "_image_adjust_lighting", "_image_flip_left_right", "_image_flip_top_bottom",
}  # fmt: skip
"""Operators whose gradient is, as in MXNet, not the slope: test_recorded.py has their numbers."""


def test_every_differentiable_operator_has_its_slope_measured():
    from tests.test_slopes import MEASURED

    def without_slope(o: OpDef) -> bool:
        flat = o.name in FLAT | OWN or o.loss is True or o.dynamic or o.host or o.takes_subgraphs
        return flat or "update" in o.name or "quantize" in o.name or "_sg_mkldnn" in o.name or o.takes_key

    slopes = {
        b.op.name for b in bound_cases() if b.case.grad and b.plain and any(x.dtype.kind == "f" for x in b.arrays)
    }
    missing = [o.name for o in every_operator() if o.name not in slopes | MEASURED and not without_slope(o)]
    assert not missing, f"no gradient measured for {missing}"
    known = {o.name for o in every_operator()}
    assert known >= (FLAT | OWN)
    measured_but_flat = sorted(slopes & OWN)
    assert not measured_but_flat


def test_every_operator_says_what_it_does():
    poor = []
    for o in every_operator():
        first = (o.function.__doc__ or "").strip().split("\n\n")[0]
        if len(first) < 5 or not first.rstrip().endswith((".", ":", "`")):
            poor.append(o.name)
    assert not poor, f"no docstring that starts with one sentence: {poor}"


def test_every_public_name_says_what_it_is():
    silent = []
    for name in dir(dx):
        value = getattr(dx, name)
        if not name.startswith("_") and (callable(value) or hasattr(value, "__path__")) and not value.__doc__:
            silent.append(name)
    assert not silent, f"public names without a docstring: {silent}"


# -- MXNet's facts -------------------------------------------------------------------------------------------------


def known_operators() -> list[str]:
    every_operator()
    return [n for n in FACTS if find(n)]


def report(check) -> None:
    """Runs a check that yields problems on every operator that both have."""
    problems = [f"{n}: {p}" for n in known_operators() for p in check(dx.registry.lookup(n), FACTS[n], n)]
    assert not problems, f"{len(problems)} differences from MXNet 1.9.1\n" + "\n".join(problems)


REFUSED = {
    "_CachedOp", "_CachedOpThreadSafe", "_CustomFunction", "_NDArray", "_Native", "_NoGradient", "_imdecode",
    "_contrib_dgl_adjacency", "_contrib_dgl_csr_neighbor_non_uniform_sample",
    "_contrib_dgl_csr_neighbor_uniform_sample", "_contrib_dgl_graph_compact", "_contrib_dgl_subgraph",
    "_contrib_edge_id",
}  # fmt: skip
"""MXNet's names that mean nothing on XLA: graphs inside a process, pointers of one, sparse graphs."""


def test_every_name_of_mxnet_is_here_or_is_refused():
    names = {n for name, fact in FACTS.items() for n in (name, *fact["aliases"])}
    assert len(FACTS) == 621
    assert len(names) == 902
    absent = {n for n in names if find(n) is None}
    assert absent == set(dx.registry.unsupported_names()) == REFUSED


def test_set_value_takes_shape_and_type_from_around():
    filled = dx.sym._internal._set_value(src=2.5) + dx.sym.Variable("x")
    assert filled.eval(x=dx.nd.ones((2, 3)))[0].asnumpy().tolist() == [[3.5] * 3] * 2
    x = dx.nd.zeros((2, 3), dtype="int32")
    dx.nd._internal._set_value(src=4, out=x)
    assert x.dtype == np.int32
    assert (x.asnumpy() == 4).all()


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_refused_name_says_why(name: str):
    why = dx.registry.unsupported_names()[name]
    assert len(why) > 40
    with pytest.raises(OperatorError, match=re.escape(f"operator {name!r} is not supported: {why}")):
        dx.registry.lookup(name)
    graph = {"nodes": [{"op": name, "name": "x", "inputs": []}], "arg_nodes": [], "heads": [[0, 0, 0]]}
    with pytest.raises(dx.errors.LoadError, match=re.escape(why)):
        dx.sym.load_json(json.dumps(graph))
    space, public = frontend.public_name(name)
    space = getattr(dx.sym, space) if space else dx.sym
    with pytest.raises(AttributeError, match=re.escape(why)):
        getattr(space, public)


def test_every_name_of_mxnet_is_in_the_documentation():
    page = (PACKAGE.parent / "docs" / "operators.md").read_text()
    words = set(re.findall(r"[A-Za-z0-9_]+", page))
    missing = [n for name, fact in FACTS.items() for n in (name, *fact["aliases"]) if n not in words]
    assert not missing


def test_names_and_aliases_are_mxnets():
    def check(op, fact, name):
        if {op.name, *op.aliases} != {name, *fact["aliases"]}:
            yield f"has the names {sorted({op.name, *op.aliases})}, MXNet {sorted({name, *fact['aliases']})}"
        elif op.name != name:
            yield f"is registered as {op.name}"

    report(check)


UNDOCUMENTED = {"_linalg_potrf": ["lower"], "_linalg_potri": ["lower"]}
"""Parameters that MXNet's parsers accept but its operators do not list."""


MISDOCUMENTED = {
    "_broadcast_backward", "_contrib_backward_quadratic", "_split_v2_backward",
    "_contrib_SparseEmbedding", "_linspace", "_npi_backward_ediff1d", "_npi_cholesky", "_npi_concatenate",
    "_npi_hsplit_backward", "_npi_norm", "_sg_mkldnn_conv", "_sg_mkldnn_fully_connected",
}  # fmt: skip
"""Operators whose parser in MXNet takes other parameters than its registry documents."""


def test_parameters_are_mxnets():
    def check(op, fact, name):
        if name in MISDOCUMENTED:
            return
        theirs = [p[0] for p in fact["params"]]
        if fact["num_args"] in op.hyper and fact["num_args"] not in theirs:
            theirs.append(fact["num_args"])  # MXNet declares it, but not among the documented parameters
        theirs += UNDOCUMENTED.get(name, [])
        if sorted(op.hyper) != sorted(theirs):
            yield f"parameters {list(op.hyper)}, MXNet {theirs}"
            return
        if list(op.hyper) != theirs:
            yield f"order of parameters {list(op.hyper)}, MXNet {theirs}"
        for param, kind, default, required in fact["params"]:
            h = op.hyper[param]
            if h.required != required and name != "Custom":  # MXNet asks for op_type when it is used
                yield f"{param} is {'required' if h.required else 'optional'}, in MXNet not"
            elif not required and not same_default(h, default, kind):
                yield f"{param} defaults to {h.default!r}, in MXNet to {default!r} ({kind})"

    report(check)


def same_default(hyper, text: str | None, kind: str) -> bool:
    """Whether a default is the one that MXNet prints, with the digits of its type."""
    if text is None:
        return hyper.default is None or "None" not in kind  # optional, and MXNet does not print the default
    text = text.strip("'") if kind.startswith("{") or kind == "string" else text
    try:
        value = hyper.read(text)
    except (ValueError, AttrError):
        return False
    if isinstance(value, float) and isinstance(hyper.default, int | float):
        return bool(np.isclose(value, hyper.default, rtol=1e-6, atol=0)) or value == hyper.default
    if isinstance(value, tuple) and isinstance(hyper.default, tuple) and len(value) == len(hyper.default):
        return bool(np.allclose(np.asarray(value, float), np.asarray(hyper.default, float), rtol=1e-6))
    return value == hyper.default or (not text and not hyper.default)


CONTRADICTORY = {"_multi_lamb_update", "_multi_mp_lamb_update"}
"""Operators whose recorded attributes give two numbers for one weight, which declax refuses."""


def test_inputs_and_outputs_are_mxnets():
    def check(op, fact, name):
        if name in CONTRADICTORY:
            return
        for variant in fact["variants"]:
            attrs = {k: v for k, v in variant["attrs"].items() if k in op.hyper}
            params = op.parse(attrs)
            at = f" with {attrs}" if attrs else ""
            if "inputs" in variant and not op.variadic and list(op.input_names(params)) != variant["inputs"]:
                yield f"inputs {list(op.input_names(params))}, MXNet {variant['inputs']}{at}"
                continue
            if "inputs" in variant:
                names = op.input_names(params)
                states = [names[i] for i in op.mutated(params)]
                if states != variant["aux_states"]:
                    yield f"auxiliary states {states}, MXNet {variant['aux_states']}{at}"
            counts = (op.num_outputs(params), op.visible_outputs(params))
            theirs = (variant["total_outputs"], variant["visible_outputs"])
            if counts[1] != theirs[1]:
                yield f"visible outputs {counts[1]}, MXNet {theirs[1]}{at}"
            shown = list(op.output_names(params))[: counts[1]]
            if shown != variant["output_names"][: counts[1]]:
                yield f"outputs {shown}, MXNet {variant['output_names']}{at}"

    report(check)


# -- the house -----------------------------------------------------------------------------------------------------

NO_JAX = {
    "errors", "shapes", "attrs", "name", "attribute", "context", "choices", "util", "registry", "rules", "graph",
    "symbol", "inferring", "running",
    "infer", "frontend", "creation", "numeric", "visualization", "summary", "io.json", "io.legacy", "io.rawgraph",
    "io.params", "io.arrays", "io.lenient", "io.replace", "io.safetensors", "inspection.inspecting", "inspection.facts",
    "inspection.operators", "inspection.arrays", "inspection.traps", "comparison.comparing", "comparison.matching",
    "cli.common", "cli.inspecting", "cli.comparing", "cli.converting", "cli.showing", "cli.running",
    "folding", "source.statements", "source.templates", "source.blocks", "source.loops", "source.layout",
    "source.naming", "source.render", "source.windows",
    "source.counting", "source.helpers", "edit.common",
    "edit.structure", "edit.names", "edit.freeze", "edit.fold", "edit.deploy", "edit.heads",
}  # fmt: skip
"""Modules that import no JAX when they are imported."""

FLOORS = [
    {"errors", "util"},
    {"shapes", "attrs", "name", "attribute", "context", "choices"},
    {"rules", "registry", "derivative"},
    {"graph", "cost", "folding"},
    {"numeric"},
    {"frontend", "io.rawgraph", "io.legacy"},
    {"creation", "inferring", "running", "symbol", "infer", "io.json"},
    {"visualization", "summary", "tuned", "passes", "passes.rewriting"},
    {"plan"},
    {"lower", "edit.common", "edit.structure", "edit.names", "edit.freeze", "edit.fold", "edit.deploy", "edit.heads"},
    {"executor"},
]
"""The floors of the house, lowest first; a module imports from its own floor and those below."""

OPERATORS_MAY = {"registry", "derivative", "rules", "attrs", "shapes", "util", "errors"}


@cache
def imports(path: Path, inside: bool = False) -> frozenset[str]:
    """Modules that a file imports: at its top (but not for type checking only), or also `inside` functions."""
    tree = ast.parse(path.read_text())
    found: set[str] = set()

    def visit(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                found.update(a.name for a in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path} imports relatively"
                module = child.module or ""
                for a in child.names:
                    is_module = (PACKAGE.parent / (module + "." + a.name).replace(".", "/")).with_suffix(".py").exists()
                    found.add(f"{module}.{a.name}" if is_module else module)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and not inside:
                continue
            elif not (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)):
                visit(child)

    visit(tree)
    return frozenset(found)


def modules() -> dict[str, Path]:
    """`io.json` -> its file, for every module of the package."""
    return {
        ".".join(p.relative_to(PACKAGE).with_suffix("").parts): p
        for p in sorted(PACKAGE.rglob("*.py"))
        if p.name != "__init__.py"
    }


def own(path: Path, inside: bool = False) -> set[str]:
    """The declax modules that a file imports, without the package's name."""
    return {m.removeprefix("declax.") for m in imports(path, inside) if m.startswith("declax.")}


@pytest.mark.parametrize("name", sorted(NO_JAX & set(modules())))
def test_declaring_and_reading_import_no_jax(name: str):
    found = {m for m in imports(modules()[name]) if m.split(".")[0] in ("jax", "jaxlib")}
    assert not found, f"declax/{name} imports {found} at its top"


def test_import_of_the_package_waits_with_jax():
    program = """
import sys
import declax as dx
net = dx.sym.Variable("x")
assert "jax" not in sys.modules, "importing declax imported JAX"
import declax.lower
assert callable(dx.lower) and dx.nd is dx.ndarray and dx.lower(net).arguments == ("x",)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_imports_point_down():
    floor_of = {m: i for i, floor in enumerate(FLOORS) for m in floor}
    wrong = []
    for name, path in modules().items():
        for other in own(path):
            if floor_of.get(other, -1) > floor_of.get(name, len(FLOORS)):
                wrong.append(f"{name} imports {other}, which stands above it")
    assert not wrong, "\n".join(wrong)


def test_operators_stand_on_the_registry_alone():
    wrong = []
    for name, path in modules().items():
        family = name.split(".")[0]
        if family in ("layers", "ops"):
            extra = {m for m in own(path) if m not in OPERATORS_MAY and m.split(".")[0] not in ("layers", "ops")}
            wrong += [f"{name} imports {m}" for m in sorted(extra)]
    assert not wrong, "\n".join(wrong)


def test_files_and_pictures_do_not_know_the_executor():
    wrong = [n for n, p in modules().items() if n.split(".")[0] in ("io", "visualization", "summary", "cost")
             and "executor" in own(p, inside=True)]  # fmt: skip
    assert not wrong


def test_files_stay_small():
    root = PACKAGE.parent
    found = {str(p.relative_to(root)): p for folder in (PACKAGE, root / "tests") for p in folder.rglob("*.py")}
    large = [f for f, p in found.items() if len(p.read_text().splitlines()) > 600]
    assert not large, f"files that want to be two: {large}"


def test_every_file_says_what_lives_there():
    silent = [str(p) for p in modules().values() if not ast.get_docstring(ast.parse(p.read_text()))]
    assert not silent


def test_import_changes_nothing():
    """Importing declax, declaring and saving a net: no JAX setting changes and no backend starts."""
    program = """
import jax, jax._src.xla_bridge as bridge
before = dict(jax.config.values)
import declax as dx
net = dx.sym.FullyConnected(dx.sym.Variable("x"), num_hidden=3, name="fc")
assert dx.sym.load_json(net.tojson()).infer_shape(x=(2, 5))[1] == [(2, 3)]
assert dict(jax.config.values) == before, "a setting of JAX changed"
assert not bridge._backends, f"backends were started: {list(bridge._backends)}"
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
