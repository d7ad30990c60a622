"""Two peers must compute the same before their times mean anything."""

from pathlib import Path

import numpy as np


def same(ours: Path, theirs: Path, discrete: bool) -> None:
    """Raises AssertionError when outputs or gradients of two saved results differ by more than rounding explains."""
    with np.load(ours) as a, np.load(theirs) as b:
        missing = sorted(set(a.files) ^ set(b.files))
        if missing:
            raise AssertionError(f"results that only one side has: {', '.join(missing)}")
        grads = [n for n in a.files if n.startswith("grad:")]
        largest = max((float(np.linalg.norm(a[n])) for n in grads), default=0.0)
        total, wrong = 0.0, 0.0
        for name in a.files:
            x, y = a[name], b[name]
            if x.shape != y.shape:
                raise AssertionError(f"{name}: shape {x.shape} here, {y.shape} there")
            if name.startswith("grad:"):
                # A bias before a normalisation has no gradient but rounding, hence the floor. In a deep net
                # rounding alone changes which units are off: any two peers differ by some per cent in the first layers.
                off, allowed = np.linalg.norm(x - y), 0.1 * np.linalg.norm(x) + 1e-4 * largest
                total, wrong = total + float(np.sum(x * x)), wrong + float(np.sum((x - y) ** 2))
            elif discrete:
                found = (x[..., 0] >= 0) | (y[..., 0] >= 0)  # what fills the rows of suppressed boxes has no meaning
                off = float(np.mean(~np.isclose(x, y, rtol=1e-2, atol=1e-3)[found])) if found.any() else np.inf
                allowed = 0.1
            else:
                off, allowed = np.linalg.norm(x - y), 2e-3 * np.linalg.norm(x)
            if not off <= allowed:
                raise AssertionError(f"{name} differs by {off:.3g}, allowed is {allowed:.3g}")
        if wrong > 0.05**2 * total:
            raise AssertionError(f"all gradients together differ by {(wrong / total) ** 0.5:.3g} of their norm")
