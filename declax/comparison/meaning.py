"""What a node means, apart from how it was written: its operator and attributes with defaults filled in."""

import re
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np

from declax.graph import Node

WITHOUT_MEANING = frozenset(
    """workspace cudnn_tune cudnn_off cudnn_algo_verbose cudnn_algo_fwd cudnn_algo_bwd_data cudnn_algo_bwd_filter
    cudnn_algo_fwd_prec cudnn_algo_bwd_prec num_args key ndev deterministic sparse_grad forward_stype im2col_step
    processing_batch_size compute_size""".split()
)
"""Attributes that choose a kernel or follow from the rest of the node; they change no result here."""

_LAYOUTS = {1: "NCW", 2: "NCHW", 3: "NCDHW"}
_DEFAULT_MARKS = {"__lr_mult__": 1.0, "__wd_mult__": 1.0, "__storage_type__": 0.0, "__dtype__": 0.0}
_SILENT_MARKS = ("__profiler_scope__", "__shape__", "__subgraph_name__")


def attributes(node: Node) -> dict[str, Any]:
    """Typed attributes of an operator node, the default for one that is not written, without those without meaning."""
    op, params = node.op, node.params or {}
    if op is None:
        return {}
    if not op.hyper:  # a custom operator or one that cannot be loaded: the text is all there is
        return {k: v for k, v in node.attrs.items() if not k.startswith("__")}
    found = {k: _plain(v) for k, v in params.items() if k not in WITHOUT_MEANING}
    kernel = found.get("kernel")
    if isinstance(kernel, tuple) and kernel:
        for key, fill in (("stride", 1), ("dilate", 1), ("pad", 0), ("adj", 0)):
            if found.get(key) == ():
                found[key] = (fill,) * len(kernel)
        if "layout" in found and found["layout"] is None:
            found["layout"] = _LAYOUTS.get(len(kernel))
    if found.get("global_pool"):
        for key in ("kernel", "stride", "pad", "pooling_convention"):
            found.pop(key, None)
    return found


def marks(node: Node) -> dict[str, Any]:
    """Attributes `__x__`, which say how a node is trained or placed and not what it computes; defaults are left out."""
    found = {}
    for key, text in node.attrs.items():
        if key.startswith("__") and key.endswith("__") and key not in _SILENT_MARKS:
            value = _number(text)
            if _DEFAULT_MARKS.get(key) != value:
                found[key] = value
    return found


def label(node: Node) -> Hashable:
    """What two nodes share that do the same to their inputs."""
    if node.op is None:
        return ("null",)
    return (node.op.name, tuple(sorted((k, repr(v)) for k, v in attributes(node).items())))


def is_automatic(name: str, node: Node, users: Mapping[Node, list[tuple[Node, int, int]]]) -> bool:
    """Whether a name is one that a NameManager gave: the operator's name and a number, or after such a node."""
    if node.op is None:
        for user, position, _ in users.get(node, []):
            roles = user.input_names()
            if position < len(roles) and name == f"{user.name}_{roles[position]}":
                return is_automatic(user.name, user, users)
        return False
    stem = re.sub(r"\d+$", "", name)
    return stem != name and stem.strip("_") in {n.lower().strip("_") for n in _short_names(node)}


def _short_names(node: Node) -> set[str]:
    assert node.op is not None
    names = {node.op.name, *node.op.aliases}
    return names | {n.removeprefix(p) for n in names for p in ("_contrib_", "_linalg_", "_image_", "_npi_", "_npx_")}


def _plain(value: Any) -> Any:
    """A float as the float32 that MXNet keeps of it."""
    return float(np.float32(value)) if isinstance(value, float) else value


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
