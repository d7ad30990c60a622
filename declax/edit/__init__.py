"""Surgery on a loaded graph that carries its weights along.

Every function takes a symbol and its parameters and returns a new symbol and new parameters; what it was given stays
as it was (nodes are shared with the new graph or copied, arrays are shared). Parameters may be

- a dict of arrays by name, arguments and auxiliary states together, with or without the `arg:` and `aux:` of files;
- a pair of such dicts, arguments and auxiliary states, as `model.load_checkpoint` returns them;
- None, where only the graph is at hand;

and come back in the form in which they came. Arrays are NDArrays, numpy or JAX arrays. Patterns are names with `*`,
`?` and `[...]` ("stage1_*"), or compiled regular expressions, which have to match the whole name.

>>> net = sym.FullyConnected(sym.relu(Variable("data"), name="act"), num_hidden=3, name="fc")
>>> net, params = edit.prefix(net, {"fc_weight": np.ones((3, 2)), "fc_bias": np.ones(3)}, "left_")
>>> net.list_arguments(), sorted(params)
(['data', 'left_fc_weight', 'left_fc_bias'], ['left_fc_bias', 'left_fc_weight'])
"""

from declax.edit.deploy import deploy
from declax.edit.fold import fold_batch_norm
from declax.edit.freeze import freeze, frozen, grad_req, trainable
from declax.edit.names import prefix, rename, share, unshare
from declax.edit.structure import features, insert, prune, remove, replace_head, set_attributes

__all__ = [
    "deploy",
    "features",
    "fold_batch_norm",
    "freeze",
    "frozen",
    "grad_req",
    "insert",
    "prefix",
    "prune",
    "remove",
    "rename",
    "replace_head",
    "set_attributes",
    "share",
    "trainable",
    "unshare",
]
