"""How parameters get their first values: MXNet's `mx.init`, by names, attributes and strings.

An initializer is called with an `InitDesc` (a variable's name and attributes) and anything that has a `shape` and
takes `[:] =`: an NDArray or a numpy array. Its `draw` is the same as a function of a key, which may be traced, and
does not depend on what else is drawn.
"""

import json
import logging
import re
import warnings
from collections.abc import Callable, Mapping, Sequence
from math import ceil, prod, sqrt
from typing import Any, TypeVar

import numpy as np

from declax import drawing
from declax.errors import UsageError, nearest

C = TypeVar("C", bound=type)


class InitDesc(str):
    """A variable's name, with its attributes and the initializer to fall back to."""

    attrs: Mapping[str, str]
    global_init: Any

    def __new__(cls, name: str, attrs: Mapping[str, str] | None = None, global_init: Any = None) -> "InitDesc":
        made = super().__new__(cls, name)
        made.attrs, made.global_init = attrs or {}, global_init
        return made


# -- the base class ----------------------------------------------------------------------------------------------


class Drawn:
    """What every initializer can do besides filling an array in place."""

    def __call__(self, desc: str, arr: Any) -> None:
        """Gives `arr` the first values of the variable `desc`."""
        raise NotImplementedError

    def draw(self, desc: str, shape: Sequence[int], dtype: Any = "float32", key: Any = None) -> Any:
        """The first values of the variable `desc` as an array: the same for the same key and name.

        Args:
            desc: the variable's name; an InitDesc brings its attributes.
            shape, dtype: of the array: a numpy one, or a traced one when the key is traced.
            key: a `jax.random.key`, whole numbers, or None for `declax.random`'s state.

        >>> One().draw("fc_weight", (2, 2), key=0).tolist()
        [[1.0, 1.0], [1.0, 1.0]]
        """
        full = desc if isinstance(desc, InitDesc) else InitDesc(desc)
        return drawing.draw(lambda array: self(full, array), full, shape, dtype, key)


class Initializer(Drawn):
    """Base of initializers: chooses by the variable's `__init__` attribute, else by how its name ends.

    Names in `weight` are left to `_init_weight`, which a subclass defines; `bias`, `beta` and `min` become 0,
    `gamma` and `max` 1. Another name without an attribute is a ValueError.

    >>> w = np.zeros((2, 3))
    >>> Constant(5)(InitDesc("fc_weight"), w)
    >>> w.tolist()
    [[5.0, 5.0, 5.0], [5.0, 5.0, 5.0]]
    """

    def __init__(self, **kwargs: Any):
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[Any], str] | None = None

    def set_verbosity(self, verbose: bool = False, print_func: Callable[[Any], str] | None = None) -> "Initializer":
        """Whether every initialized array is logged, with what `print_func` says of it (root mean square)."""
        self._verbose = verbose
        self._print_func = print_func or (lambda x: str(np.linalg.norm(np.asarray(x, np.float64)) / sqrt(x.size)))
        return self

    def _verbose_print(self, desc: str, init: str, arr: Any) -> None:
        if self._verbose and self._print_func:
            logging.info("Initialized %s as %s: %s", desc, init, self._print_func(arr))

    def dumps(self) -> str:
        """The text that `create` makes an equal initializer of, as it stands in `__init__` attributes.

        >>> Normal(0.5).dumps()
        '["normal", {"sigma": 0.5}]'
        """
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in self._kwargs.items())})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Initializer):
            return NotImplemented
        return type(self) is type(other) and self._kwargs == other._kwargs

    def __hash__(self) -> int:
        return hash(type(self))

    def __call__(self, desc: str, arr: Any) -> None:
        """Gives `arr` the first values of the variable `desc`."""
        if not isinstance(desc, InitDesc):
            self._legacy_init(desc, arr)
            return
        if desc.global_init is None:
            desc.global_init = self
        own = desc.attrs.get("__init__")
        if own:
            try:
                init = create(own)
            except (TypeError, ValueError) as e:
                raise ValueError(f"variable {desc!s}: its attribute __init__={own!r} is no initializer: {e}") from e
            init._init_weight(desc, arr)
            self._verbose_print(desc, own, arr)
            return
        for ending, method in self._BY_ENDING:
            if desc.endswith(ending):
                getattr(self, method)(desc, arr)
                self._verbose_print(desc, ending, arr)
                return
        self._init_default(desc, arr)

    _BY_ENDING = (
        ("weight", "_init_weight"),
        ("bias", "_init_bias"),
        ("gamma", "_init_gamma"),
        ("beta", "_init_beta"),
        ("min", "_init_zero"),
        ("max", "_init_one"),
        ("weight_quantize", "_init_quantized_weight"),
        ("bias_quantize", "_init_quantized_bias"),
    )
    _LEGACY_ENDING = (
        *(("bias", "_init_bias"), ("gamma", "_init_gamma"), ("beta", "_init_beta"), ("weight", "_init_weight")),
        *(("moving_mean", "_init_zero"), ("moving_var", "_init_one"), ("moving_inv_var", "_init_zero")),
        *(("moving_avg", "_init_zero"), ("min", "_init_zero"), ("max", "_init_one")),
    )

    def _legacy_init(self, name: str, arr: Any) -> None:
        """What a call with a plain name does: more is read from the name, nothing from attributes."""
        warnings.warn(
            "Calling initializer with init(str, NDArray) has been deprecated. "
            "please use init(mx.init.InitDesc(...), NDArray) instead.",
            DeprecationWarning,
            stacklevel=3,
        )
        if not isinstance(name, str):
            raise TypeError("name must be string")
        if not hasattr(arr, "shape"):
            raise TypeError("arr must be NDArray")
        if name.startswith("upsampling"):
            self._init_bilinear(name, arr)
        elif name.startswith("stn_loc") and name.endswith("weight"):
            self._init_zero(name, arr)
        elif name.startswith("stn_loc") and name.endswith("bias"):
            self._init_loc_bias(name, arr)
        else:
            method = next((m for ending, m in self._LEGACY_ENDING if name.endswith(ending)), "_init_default")
            getattr(self, method)(name, arr)

    def _init_bilinear(self, name: str, arr: Any) -> None:
        arr[:] = _bilinear(arr.shape)

    def _init_loc_bias(self, name: str, arr: Any) -> None:
        if arr.shape[0] != 6:
            raise UsageError(f"{name}: the bias of an affine transformation has 6 elements, not {arr.shape[0]}")
        arr[:] = np.array([1.0, 0, 0, 0, 1.0, 0])

    def _init_zero(self, name: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_one(self, name: str, arr: Any) -> None:
        arr[:] = 1.0

    def _init_bias(self, name: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_gamma(self, name: str, arr: Any) -> None:
        arr[:] = 1.0

    def _init_beta(self, name: str, arr: Any) -> None:
        arr[:] = 0.0

    def _init_quantized_bias(self, name: str, arr: Any) -> None:
        arr[:] = 0

    def _init_quantized_weight(self, name: str, arr: Any) -> None:
        arr[:] = drawing.generator().integers(-127, 127, arr.shape).astype(np.int8)

    def _init_weight(self, name: str, arr: Any) -> None:
        """What a subclass defines."""
        raise NotImplementedError("Must override it")

    def _init_default(self, name: str, arr: Any) -> None:
        raise ValueError(
            f"Unknown initialization pattern for {name!s}. Default initialization is now limited to "
            '"weight", "bias", "gamma" (1.0), and "beta" (0.0). '
            "Please use mx.sym.Variable(init=mx.init.*) to set initialization pattern"
        )


def _bilinear(shape: tuple[int, ...]) -> np.ndarray:
    """Weights of a bilinear interpolation; both axes use the centre of the last one, as MXNet has it."""
    if len(shape) != 4:
        raise ValueError(f"a bilinear kernel has 4 dimensions, not the shape {tuple(shape)}")
    f = ceil(shape[3] / 2.0)
    c = (2 * f - 1 - f % 2) / (2.0 * f)
    x, y = (1 - np.abs(np.arange(n) / f - c) for n in (shape[3], shape[2]))
    return np.broadcast_to(np.outer(y, x).astype(np.float32), shape)


# -- names -------------------------------------------------------------------------------------------------------

_registry: dict[str, type[Initializer]] = {}


def _add(name: str, cls: type) -> None:
    if not issubclass(cls, Initializer):
        raise UsageError(f"can only register subclasses of Initializer, not {cls.__name__}")
    if name in _registry and _registry[name] is not cls:
        warnings.warn(
            f"New initializer {cls.__module__}.{cls.__name__} registered with name {name} is overriding existing "
            f"initializer {_registry[name].__module__}.{_registry[name].__name__}",
            UserWarning,
            stacklevel=3,
        )
    _registry[name] = cls


def register(klass: C) -> C:
    """Class decorator: `create` and `__init__` attributes find the class under its name in lower case."""
    _add(klass.__name__.lower(), klass)
    return klass


def alias(*aliases: str) -> Callable[[C], C]:
    """Class decorator: further names for `create`."""

    def add(klass: C) -> C:
        for name in aliases:
            _add(name.lower(), klass)
        return klass

    return add


def create(initializer: Any, *args: Any, **kwargs: Any) -> Initializer:
    """An initializer from its name and arguments, its text (`dumps`) or itself.

    >>> create("xavier", magnitude=2), create('["zero", {}]')
    (Xavier(rnd_type='uniform', factor_type='avg', magnitude=2), Zero())
    """
    if isinstance(initializer, Initializer):
        if args or kwargs:
            raise UsageError("initializer is already an instance. Additional arguments are invalid")
        return initializer
    if isinstance(initializer, dict):
        return create(**initializer)
    if not isinstance(initializer, str):
        raise UsageError(f"initializer must be of string type, got {initializer!r}")
    if initializer.startswith("["):
        parts = json.loads(initializer)
        if len(parts) != 2 or not isinstance(parts[0], str) or not isinstance(parts[1], dict):
            raise ValueError(f'expected ["name", {{arguments}}], got {initializer}')
        return create(parts[0], **parts[1])
    if initializer.startswith("{"):
        return create(**json.loads(initializer))
    found = _registry.get(initializer.lower())
    if found is None:
        raise UsageError(
            f"{initializer.lower()} is not registered. Please register with initializer.register first"
            + nearest(initializer.lower(), _registry)
        )
    return found(*args, **kwargs)


# -- initializers ------------------------------------------------------------------------------------------------


class Load(Drawn):
    """Takes values from a parameter file or a dict by name; `arg:` and `aux:` before a name are dropped."""

    def __init__(self, param: Any, default_init: Any = None, verbose: bool = False):
        if isinstance(param, str):
            from declax.io.params import read_params

            param = read_params(param)
        if not isinstance(param, dict):
            raise UsageError("Load needs a dict of arrays by name, or a file of named arrays")
        self.param = {n[4:] if n.startswith(("arg:", "aux:")) else n: x for n, x in param.items()}
        self.default_init, self.verbose = default_init, verbose

    def __call__(self, name: str, arr: Any) -> None:
        if name in self.param:
            found = self.param[name]
            if tuple(arr.shape) != tuple(found.shape):
                raise UsageError(
                    f"Parameter {name!s} cannot be initialized from loading. "
                    f"Shape mismatch, target {tuple(arr.shape)} vs loaded {tuple(found.shape)}"
                )
            arr[:] = found
        elif self.default_init is None:
            raise UsageError(
                f"Cannot Initialize {name!s}. Not found in loaded param and no default Initializer is provided."
            )
        else:
            self.default_init(name, arr)
        if self.verbose:
            logging.info("Initialized %s by %s", name, "loading" if name in self.param else "default")


class Mixed(Drawn):
    """The first initializer whose regular expression matches the beginning of the name.

    >>> init = Mixed(["bias", ".*"], [Zero(), Uniform(0.1)])
    """

    def __init__(self, patterns: Sequence[str], initializers: Sequence[Any]):
        if len(patterns) != len(initializers):
            raise UsageError(f"{len(patterns)} patterns for {len(initializers)} initializers")
        self.map = [(re.compile(p), i) for p, i in zip(patterns, initializers, strict=True)]

    def __call__(self, name: str, arr: Any) -> None:
        for pattern, init in self.map:
            if pattern.match(name):
                init(name, arr)
                return
        raise ValueError(
            f"Parameter name {name!s} did not match any pattern. "
            'Consider adding a ".*" pattern at the end with default Initializer.'
        )


@register
@alias("zeros")
class Zero(Initializer):
    """Zeros."""

    def __init__(self):
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = 0


@register
@alias("ones")
class One(Initializer):
    """Ones."""

    def __init__(self):
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = 1


@register
class Constant(Initializer):
    """One value, or an array of the parameter's shape."""

    def __init__(self, value: Any):
        super().__init__(value=value)
        self.value = value

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = self.value

    def dumps(self) -> str:
        value = self.value if np.isscalar(self.value) else np.asarray(self.value).tolist()
        return json.dumps([type(self).__name__.lower(), {"value": value}])


@register
class Uniform(Initializer):
    """Uniform in [-scale, scale)."""

    def __init__(self, scale: float = 0.07):
        super().__init__(scale=scale)
        self.scale = scale

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = drawing.uniform(self.scale, arr.shape)


@register
class Normal(Initializer):
    """Normal with mean 0 and standard deviation `sigma`."""

    def __init__(self, sigma: float = 0.01):
        super().__init__(sigma=sigma)
        self.sigma = sigma

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = drawing.normal(self.sigma, arr.shape)


@register
class Orthogonal(Initializer):
    """Orthonormal rows or columns, whichever are fewer, times `scale` (https://arxiv.org/abs/1312.6120)."""

    def __init__(self, scale: float = 1.414, rand_type: str = "uniform"):
        super().__init__(scale=scale, rand_type=rand_type)
        self.scale, self.rand_type = scale, rand_type

    def _init_weight(self, name: str, arr: Any) -> None:
        shape = (arr.shape[0], prod(arr.shape[1:]))
        if self.rand_type not in ("uniform", "normal"):
            raise ValueError(f"Orthogonal: rand_type is 'uniform' or 'normal', not {self.rand_type!r}")
        drawn = drawing.uniform(1.0, shape) if self.rand_type == "uniform" else drawing.normal(1.0, shape)
        u, _, v = np.linalg.svd(drawn, full_matrices=False)
        arr[:] = self.scale * (u if u.shape == shape else v).reshape(arr.shape)


@register
class Xavier(Initializer):
    r"""Keeps the scale of gradients about equal in all layers (Glorot and Bengio 2010).

    With :math:`c = \sqrt{magnitude / n}`, uniform in [-c, c) or normal with standard deviation c (`gaussian`);
    n is the fan in (`in`), the fan out (`out`) or their mean (`avg`).
    """

    def __init__(self, rnd_type: str = "uniform", factor_type: str = "avg", magnitude: float = 3):
        super().__init__(rnd_type=rnd_type, factor_type=factor_type, magnitude=magnitude)
        self.rnd_type, self.factor_type, self.magnitude = rnd_type, factor_type, float(magnitude)

    def _init_weight(self, name: str, arr: Any) -> None:
        shape = arr.shape
        if len(shape) < 2:
            raise ValueError(f"Xavier initializer cannot be applied to vector {name!s}. It requires at least 2D.")
        window = prod(shape[2:])
        fan_in, fan_out = shape[1] * window, shape[0] * window
        factors = {"avg": (fan_in + fan_out) / 2.0, "in": fan_in, "out": fan_out}
        if self.factor_type not in factors:
            raise ValueError("Incorrect factor type")
        scale = sqrt(self.magnitude / factors[self.factor_type])
        if self.rnd_type == "uniform":
            arr[:] = drawing.uniform(scale, shape)
        elif self.rnd_type == "gaussian":
            arr[:] = drawing.normal(scale, shape)
        else:
            raise ValueError("Unknown random type")


@register
class MSRAPrelu(Xavier):
    """Xavier for networks of (leaky) ReLU with this slope (https://arxiv.org/abs/1502.01852)."""

    def __init__(self, factor_type: str = "avg", slope: float = 0.25):
        super().__init__("gaussian", factor_type, 2.0 / (1 + slope**2))
        self._kwargs = {"factor_type": factor_type, "slope": slope}


@register
class Bilinear(Initializer):
    """The kernel of a bilinear interpolation, for upsampling."""

    def __init__(self):
        super().__init__()

    def _init_weight(self, name: str, arr: Any) -> None:
        arr[:] = _bilinear(arr.shape)


@register
class LSTMBias(Initializer):
    """Zeros, but `forget_bias` for the forget gate: the second quarter of an LSTMCell's bias."""

    def __init__(self, forget_bias: float = 1.0):
        super().__init__(forget_bias=forget_bias)
        self.forget_bias = forget_bias

    def _init_weight(self, name: str, arr: Any) -> None:
        gates = np.zeros(arr.shape, np.float32)
        hidden = arr.shape[0] // 4
        gates[hidden : 2 * hidden] = self.forget_bias
        arr[:] = gates


@register
class FusedRNN(Initializer):
    """The one parameter vector of a FusedRNNCell: `init` (or the global one) for each weight that it packs."""

    def __init__(
        self, init: Any, num_hidden: int, num_layers: int, mode: str, bidirectional: bool = False,
        forget_bias: float = 1.0,
    ):  # fmt: skip
        init = create(init) if isinstance(init, str) else init
        super().__init__(
            init=init.dumps() if init is not None else None, num_hidden=num_hidden, num_layers=num_layers, mode=mode,
            bidirectional=bidirectional, forget_bias=forget_bias,
        )  # fmt: skip
        self._init, self._forget_bias, self._mode = init, forget_bias, mode
        self._cell = (num_hidden, num_layers, mode, bidirectional)

    def _init_weight(self, name: str, arr: Any) -> None:
        from declax.rnn import FusedRNNCell

        cell = FusedRNNCell(*self._cell, forget_bias=self._forget_bias, prefix="")
        fallback = getattr(name, "global_init", None)
        weights = cell.unpack_weights({"parameters": np.zeros(arr.shape, np.float32)})
        for part, values in weights.items():
            if self._mode == "lstm" and part.endswith("_f_bias"):
                values[:] = self._forget_bias
                continue
            init = self._init if self._init is not None else fallback
            if init is None:
                raise ValueError(f"FusedRNN: no initializer for {part!r} of {name!s}")
            init(InitDesc(part, global_init=fallback), values)
        arr[:] = cell.pack_weights(weights)["parameters"]
