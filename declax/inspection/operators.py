"""Which operators a graph uses, which of them cannot be loaded, and the nearest thing to do about each."""

import keyword
import re
from collections import Counter
from collections.abc import Sequence

from declax.graph import Node
from declax.inspection.report import Finding, Operator, counted, listed
from declax.io.lenient import Problem

_ADVICE = {
    "ChannelwiseConvolution": "it is a depthwise convolution of MXNet forks and takes Convolution's attributes: "
    "change the operator's name to Convolution in the JSON (num_group is there already)",
    "DepthwiseConvolution": "it is Convolution with num_group equal to the number of input channels",
    "WarpCTC": "use CTCLoss for training; for inference cut the graph before it, at the scores, with "
    "get_internals() of the part that loads",
    "CuDNNBatchNorm": "it is BatchNorm under another name: change the operator's name in the JSON",
    "BatchNormWithReLU": "it is _contrib_BatchNormWithReLU under another name",
    "SyncBatchNorm": "it is _contrib_SyncBatchNorm under another name",
    "MultiBoxPrior": "it is _contrib_MultiBoxPrior under another name",
    "MultiBoxTarget": "it is _contrib_MultiBoxTarget under another name",
    "MultiBoxDetection": "it is _contrib_MultiBoxDetection under another name",
    "Proposal": "it is _contrib_Proposal under another name",
    "ProposalTarget": "it samples boxes while training: for inference cut the graph at the heads",
    "_CachedOp": "take the graph before hybridize() compiled it: net.export() writes one",
}
"""What is known about operators of MXNet's forks, plugins and other versions."""

_PREFIXES = {
    "_TensorRT": "TensorRT has taken a part of the graph: use the graph from before optimize_for or the TensorRT pass",
    "_trt": "TensorRT has taken a part of the graph: use the graph from before optimize_for or the TensorRT pass",
    "_sg_": "oneDNN has fused a part of the graph: use the graph from before that pass (MXNET_SUBGRAPH_BACKEND=NONE)",
    "Torch": "it is MXNet's Torch plugin, which runs Lua's Torch: write the layer anew",
    "Caffe": "it is MXNet's Caffe plugin, which runs Caffe itself: write the layer anew",
    "_backward": "it belongs to MXNet's own backward graphs: save the forward graph",
}


def table(order: Sequence[Node], problems: Sequence[Problem]) -> tuple[Operator, ...]:
    """The operators of a graph, the most frequent first; those of nodes that cannot be loaded stand apart."""
    by_op: dict[tuple[str, str], list[Problem]] = {}
    for p in problems:
        name = f"Custom({p.attrs.get('op_type', '?')})" if p.op == "Custom" else p.op
        by_op.setdefault((name, p.kind), []).append(p)
    bad = {p.node for p in problems}
    good = Counter(_shown(n) for n in _with_subgraphs(order) if n.op is not None and n.name not in bad)
    found = [Operator(name, count) for name, count in good.items()]
    for (name, kind), of_it in by_op.items():
        first = of_it[0]
        found.append(
            Operator(name, len(of_it), kind, first.why, _advice(first), _stub(first), tuple(p.node for p in of_it))
        )
    return tuple(sorted(found, key=lambda o: (-o.count, o.name)))


def _shown(node: Node) -> str:
    return f"Custom({node.attrs.get('op_type', '?')})" if node.op_name == "Custom" else node.op_name


def _with_subgraphs(order: Sequence[Node]) -> list[Node]:
    from declax.graph import topological

    found: list[Node] = []
    pending = [list(order)]
    while pending:
        nodes = pending.pop()
        found += nodes
        pending += [topological(heads) for n in nodes for heads in n.subgraphs]
    return found


_KINDS = {"custom": "custom_operator", "unknown": "unknown_operator", "unsupported": "unsupported_operator"}


def findings(operators: Sequence[Operator]) -> list[Finding]:
    """What to say about the operators that cannot be loaded; custom ones are told of together."""
    found = []
    customs = [o for o in operators if o.kind == "custom"]
    if customs:
        nodes, verb = tuple(n for o in customs for n in o.nodes), "is" if len(customs) == 1 else "are"
        kinds = listed((o.name[len("Custom(") : -1] for o in customs), most=8)
        text = f"{counted(len(nodes), 'node')} of {counted(len(customs), 'custom operator')} that {verb} not registered"
        found.append(Finding("error", _KINDS["custom"], f"{text}: {kinds}. {_sentence(customs[0].advice)}", nodes))
    for o in operators:
        if not o.supported and o.kind != "custom":
            where = f"{o.name}, {counted(o.count, 'node')} ({listed(o.nodes)})"
            why = _short(o)
            found.append(
                Finding("error", _KINDS.get(o.kind, f"bad_{o.kind}"), f"{where}: {why}. {_sentence(o.advice)}", o.nodes)
            )
    return found


def _short(operator: Operator) -> str:
    """The reason without the node, which stands before it, and without the list of what is possible."""
    why = operator.why.split("\n")[0].removesuffix(" Possible arguments:")
    return re.sub(r"^operator \S+ (\(node '.*?'\): |is )?", "", why).rstrip(".?")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _advice(problem: Problem) -> str:
    """The nearest thing to do, without a full stop."""
    if problem.kind == "custom":
        return (
            "register its CustomOpProp, from the code that trained the model, with declax.operator.register before "
            "loading"
        )
    if problem.op in _ADVICE:
        return _ADVICE[problem.op]
    for prefix, words in _PREFIXES.items():
        if problem.op.startswith(prefix):
            return words
    if problem.kind == "unknown":
        return "write it as a JAX function and register it under this name with declax.register_op before loading"
    if problem.kind == "unsupported":
        return "replace it in the graph, or cut the graph before it"
    if problem.kind == "attributes":
        return "correct or remove the attribute in the JSON; it may come from a fork or a later version of MXNet"
    return "the file was written for another version of this operator; correct the node in the JSON"


def _stub(problem: Problem) -> str:
    """Python source to begin with, for operators that somebody has to write."""
    if problem.kind == "custom":
        kind = problem.attrs.get("op_type", "name")
        takes = [k for k in problem.attrs if k != "op_type" and not k.startswith("__")]
        return _custom_stub(kind, takes, len(problem.inputs))
    if problem.kind == "unknown" and problem.op not in _ADVICE and not problem.op.startswith(tuple(_PREFIXES)):
        return _function_stub(problem)
    return ""


def _identifier(text: str) -> str:
    made = re.sub(r"\W", "_", text)
    return f"_{made}" if not made or made[0].isdigit() or keyword.iskeyword(made) else made


def _class_name(text: str) -> str:
    return "".join(w[:1].upper() + w[1:] for w in re.split(r"\W|_", text) if w) or "Name"


def _custom_stub(kind: str, takes: Sequence[str], inputs: int) -> str:
    name = _class_name(kind)
    args = "".join(f", {_identifier(k)}" for k in takes)
    return (
        f"class {name}(dx.operator.CustomOp):\n"
        "    def forward(self, is_train, req, in_data, out_data, aux):\n"
        "        ...  # self.assign(out_data[0], req[0], <result>)\n\n"
        f"@dx.operator.register({kind!r})\n"
        f"class {name}Prop(dx.operator.CustomOpProp):\n"
        f"    def __init__(self{args}):\n"
        "        super().__init__()\n\n"
        "    def list_arguments(self):\n"
        f"        return [...]  # {inputs} names\n\n"
        "    def create_operator(self, ctx, in_shapes, in_dtypes):\n"
        f"        return {name}()"
    )


def _function_stub(problem: Problem) -> str:
    """A function with the inputs of the node and its attributes, whose types their texts suggest."""
    prefix = problem.node + "_"
    names = []
    for i, n in enumerate(problem.inputs):
        name = n.removeprefix(prefix) if n.startswith(prefix) else ("data" if i == 0 else f"input{i}")
        names.append(_identifier(name) if _identifier(name) not in names else f"input{i}")
    hyper = [
        f"{_identifier(k)}: {_kind(v)} = {_literal(v)}" for k, v in problem.attrs.items() if not k.startswith("__")
    ]
    star = ["*"] if hyper else []
    option = "" if problem.op.isidentifier() and not keyword.iskeyword(problem.op) else f"({problem.op!r})"
    outputs = f", outputs={problem.outputs}" if problem.outputs > 1 else ""
    if outputs:
        option = f"({problem.op!r}{outputs})"
    return (
        f"@dx.register_op{option}\n"
        f"def {_identifier(problem.op)}({', '.join([*names, *star, *hyper])}):\n"
        "    return ...  # jax.numpy on the inputs"
    )


def _kind(text: str) -> str:
    value = _value(text)
    return "tuple[int, ...]" if isinstance(value, tuple) else type(value).__name__


def _literal(text: str) -> str:
    return repr(_value(text))


def _value(text: str) -> object:
    """The Python value that an attribute's text seems to be."""
    if text in ("True", "False"):
        return text == "True"
    if re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    if re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", text):
        return float(text)
    if re.fullmatch(r"[(\[]\s*(-?\d+\s*,?\s*)*[)\]]", text):
        return tuple(int(d) for d in re.findall(r"-?\d+", text))
    return text
