"""Traps for those who deploy what was trained, or train on: heads of losses, labels, frozen and placed parts."""

from collections.abc import Iterator

from declax.inspection.facts import Facts
from declax.inspection.report import Finding, counted, listed
from declax.inspection.traps import note, trap

_HEADS = {
    "SoftmaxOutput": "the softmax of its data",
    "LogisticRegressionOutput": "the sigmoid of its data",
    "LinearRegressionOutput": "its data",
    "MAERegressionOutput": "its data",
    "SVMOutput": "its data",
}
_LOSS_VALUES = ("MakeLoss", "make_loss", "CTCLoss", "softmax_cross_entropy")


@trap
def loss_heads(facts: Facts) -> Iterator[Finding]:
    """Outputs that are loss heads: what they give, and that they need labels."""
    for entry in facts.heads:
        node = entry.node
        if node.op is None:
            continue
        labels = [e.node.name for e in node.inputs if facts.roles.get(e.node) == "label"]
        if node.op.name in _HEADS and labels:
            yield note(
                "loss_head",
                f"the output of {node.name} ({node.op.name}) is {_HEADS[node.op.name]}; the label {listed(labels)} "
                "matters to the gradient alone, but binding asks for it: any values will do in inference.",
                [node.name],
            )  # fmt: skip
        elif node.op.name in _LOSS_VALUES and (node.params or {}).get("grad_scale") != 0:
            yield note(
                "loss_value",
                f"the output of {node.name} ({node.op.name}) is a loss and no prediction: take the node before it, "
                f"get_internals()[{node.inputs[0].node.output_name(node.inputs[0].index)!r}].", [node.name], "warning",
            )  # fmt: skip


@trap
def training_targets(facts: Facts) -> Iterator[Finding]:
    """Operators that make targets out of ground truth, which a deployed model does not have."""
    found = [n.name for n in facts.calls("_contrib_MultiBoxTarget", "_contrib_RPNTarget")]
    if found:
        yield note(
            "training_graph",
            f"{listed(found)} makes targets out of labels: this is the graph for training. "
            "declax.edit.deploy(symbol, params) makes one for inference.", found, "warning",
        )  # fmt: skip


@trap
def frozen(facts: Facts) -> Iterator[Finding]:
    """Parameters that an optimiser leaves alone because of their attributes."""
    found = [
        n.name for n in facts.order
        if n.op is None and _number(n.attrs.get("__lr_mult__")) == 0 and facts.roles[n] == "parameter"
    ]  # fmt: skip
    if found:
        yield note(
            "frozen",
            f"{counted(len(found), 'parameter')} with lr_mult=0, which optimisers do not train: {listed(found)}.",
            found,
        )  # fmt: skip
    still = [n.name for n in facts.calls("BatchNorm") if n.params and n.params["use_global_stats"]]
    if still:
        yield note(
            "global_statistics",
            f"{counted(len(still), 'BatchNorm')} with use_global_stats: training uses the moving statistics and "
            f"does not change them ({listed(still)}).", still,
        )  # fmt: skip


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


@trap
def placed(facts: Facts) -> Iterator[Finding]:
    """Parts that belong to groups of devices."""
    groups: dict[str, int] = {}
    for n in facts.order:
        group = n.attrs.get("__ctx_group__")
        if group is not None and n.op is not None:
            groups[group] = groups.get(group, 0) + 1
    if groups:
        words = ", ".join(f"{g} ({counted(c, 'node')})" for g, c in groups.items())
        yield note(
            "ctx_group",
            f"nodes are assigned to groups of devices: {words}. Without group2ctx= in bind all run on one device.",
        )  # fmt: skip
