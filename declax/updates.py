"""`contrib.adamw_update` and its kin: update operators called with lists of arrays and numbers where arrays stand."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from declax.frontend import Namespaces

PUBLIC = (
    "adamw_update", "mp_adamw_update", "multi_adamw_update", "multi_mp_adamw_update", "multi_lamb_update",
    "multi_mp_lamb_update",
)  # fmt: skip


def _scale(f: Namespaces, rescale_grad: Any) -> Any:
    """The factor of the gradients as a tensor of one number."""
    return rescale_grad if isinstance(rescale_grad, f.tensor) else f.top.full((1,), rescale_grad)


def adamw_update(
    f: Namespaces, weight: Any, grad: Any, mean: Any, var: Any, rescale_grad: Any, lr: float, eta: float, **kwargs: Any
) -> Any:
    """AdamW on one weight; `rescale_grad` is a number or a tensor (1,), 0 or infinite to skip the step."""
    scale = _scale(f, rescale_grad)
    return f.sub["_internal"]._adamw_update(weight, grad, mean, var, scale, lr=lr, eta=eta, **kwargs)


def mp_adamw_update(
    f: Namespaces, weight: Any, grad: Any, mean: Any, var: Any, weight32: Any, rescale_grad: Any, lr: float, eta: float,
    **kwargs: Any,
) -> Any:  # fmt: skip
    """`adamw_update` of a half-precision weight with its float32 copy."""
    scale = _scale(f, rescale_grad)
    return f.sub["_internal"]._mp_adamw_update(weight, grad, mean, var, weight32, scale, lr=lr, eta=eta, **kwargs)


def multi_adamw_update(
    f: Namespaces, weights: Sequence, grads: Sequence, mean: Sequence, var: Sequence, rescale_grad: Any, lrs: Sequence,
    wds: Sequence, etas: Sequence, size: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """AdamW on several weights at once, each with its learning rate, weight decay and schedule multiplier."""
    tensors = [*chain.from_iterable(zip(weights, grads, mean, var, strict=True)), _scale(f, rescale_grad)]
    numbers = {"num_weights": size or len(weights), "lrs": lrs, "wds": wds, "etas": etas}
    return f.sub["_internal"]._multi_adamw_update(*tensors, **numbers, **kwargs)


def multi_mp_adamw_update(
    f: Namespaces, weights: Sequence, grads: Sequence, mean: Sequence, var: Sequence, weights32: Sequence,
    rescale_grad: Any, lrs: Sequence, wds: Sequence, etas: Sequence, size: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """`multi_adamw_update` of half-precision weights with their float32 copies."""
    tensors = [*chain.from_iterable(zip(weights, grads, mean, var, weights32, strict=True)), _scale(f, rescale_grad)]
    numbers = {"num_weights": size or len(weights), "lrs": lrs, "wds": wds, "etas": etas}
    return f.sub["_internal"]._multi_mp_adamw_update(*tensors, **numbers, **kwargs)


def multi_lamb_update(
    f: Namespaces, weights: Sequence, grads: Sequence, mean: Sequence, var: Sequence, step_count: Sequence,
    lrs: Sequence, wds: Sequence, num_tensors: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """LAMB on several weights at once, each with its step, learning rate and weight decay."""
    tensors = chain.from_iterable(zip(weights, grads, mean, var, strict=True))
    numbers = {"num_tensors": num_tensors or len(weights), "step_count": step_count}
    return f.sub["_internal"]._multi_lamb_update(*tensors, **numbers, learning_rates=lrs, wds=wds, **kwargs)


def multi_mp_lamb_update(
    f: Namespaces, weights: Sequence, grads: Sequence, mean: Sequence, var: Sequence, weights32: Sequence,
    step_count: Sequence, lrs: Sequence, wds: Sequence, num_tensors: int = 0, **kwargs: Any,
) -> Any:  # fmt: skip
    """`multi_lamb_update` of half-precision weights with their float32 copies."""
    tensors = chain.from_iterable(zip(weights, grads, mean, var, weights32, strict=True))
    numbers = {"num_tensors": num_tensors or len(weights), "step_count": step_count}
    return f.sub["_internal"]._multi_mp_lamb_update(*tensors, **numbers, learning_rates=lrs, wds=wds, **kwargs)
