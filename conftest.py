"""What every test and doctest of the repository starts from."""

import os

# Tests run many small programs once each: compiling them matters, not their speed. Eight host devices stand for
# several real ones. Set before JAX starts a backend.
os.environ["XLA_FLAGS"] = (
    os.environ.get("XLA_FLAGS", "") + " --xla_backend_optimization_level=0 --xla_force_host_platform_device_count=8"
)

# Plans must not depend on what somebody measured on the machine that runs the tests.
os.environ["DECLAX_AUTOTUNE"] = "off"

import jax.numpy as jnp
import numpy as np
import pytest

import declax


@pytest.fixture(autouse=True)
def _fresh_names():
    """Every test counts its automatic names from zero and leaves no scope open."""
    from declax.name import NameManager

    with NameManager():
        yield


@pytest.fixture
def default_choices(monkeypatch):
    """For tests of what passes do: the choices of `dx.passes` are the default ones, whatever DECLAX_PASSES says."""
    from declax import choices

    monkeypatch.delenv("DECLAX_PASSES", raising=False)
    with choices.only(*choices.from_environment("")):
        yield


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace: dict) -> None:
    """The names that docstrings use without importing them."""
    doctest_namespace.update(
        dx=declax, mx=declax, edit=declax.edit, pytest=pytest, sym=declax.sym, nd=declax.nd, np=np, jnp=jnp,
        Variable=declax.sym.Variable, Group=declax.sym.Group,
    )  # fmt: skip
