"""Nets over sequences: a two-layer LSTM language model, fused and unrolled, and the encoder of BERT-base."""

import declax as mx


def lstm_fused(steps=35, hidden=650, layers=2, vocabulary=10000):
    """The language model with one RNN operator. Inputs: data (N, T) words, softmax_label (T, N)."""
    x = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=vocabulary, output_dim=hidden, name="embed")
    x = mx.sym.transpose(x, axes=(1, 0, 2), name="time_major")
    x = mx.sym.RNN(x, state_size=hidden, num_layers=layers, mode="lstm", name="lstm")
    return _words(mx.sym.Reshape(x, shape=(-1, hidden), name="flat"), vocabulary)


def lstm_unrolled(steps=35, hidden=650, layers=2, vocabulary=10000):
    """The language model with LSTM cells written out over time. Inputs as in `lstm_fused`."""
    stack = mx.rnn.SequentialRNNCell()
    for i in range(layers):
        stack.add(mx.rnn.LSTMCell(hidden, prefix=f"lstm_l{i}_"))
    x = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=vocabulary, output_dim=hidden, name="embed")
    states = stack.begin_state(func=mx.sym.Variable)
    outputs, _ = stack.unroll(steps, x, begin_state=states, layout="NTC", merge_outputs=False)
    return _words(mx.sym.Concat(*outputs, dim=0, name="flat"), vocabulary)


def _words(x, vocabulary):
    x = mx.sym.FullyConnected(x, num_hidden=vocabulary, name="decoder")
    label = mx.sym.Reshape(mx.sym.Variable("softmax_label"), shape=(-1,), name="label_flat")
    return mx.sym.SoftmaxOutput(x, label, name="softmax")


def bert(layers=12, units=768, hidden=3072, heads=12, vocabulary=30522, longest=512):
    """BERT's encoder with its pooler, with the operators that gluon-nlp writes.

    Inputs: data (N, T) words, token_types (N, T), valid_length (N,). Outputs: (N, T, units) and the pooled (N, units).
    Dropout is left out, so that frameworks with different random numbers compute the same.
    """
    valid = mx.sym.Variable("valid_length")
    x = mx.sym.Embedding(mx.sym.Variable("data"), input_dim=vocabulary, output_dim=units, name="word_embed")
    kinds = mx.sym.Variable("token_types")
    x = x + mx.sym.Embedding(kinds, input_dim=2, output_dim=units, name="token_type_embed")
    x = mx.sym.transpose(x, axes=(1, 0, 2), name="time_major")
    steps = mx.sym.contrib.arange_like(x, axis=0, name="steps")
    places = mx.sym.Embedding(steps, input_dim=longest, output_dim=units, name="position_embed")
    x = mx.sym.broadcast_add(x, mx.sym.expand_dims(places, axis=1), name="embedded")
    x = mx.sym.LayerNorm(x, axis=-1, eps=1e-12, name="embed_norm")
    none = mx.sym.Reshape(mx.sym.zeros_like(steps), shape=(1, -1))
    lengths = mx.sym.broadcast_add(mx.sym.Reshape(valid, shape=(-1, 1)), none, name="lengths")
    lengths = mx.sym.Cast(lengths, dtype="int32", name="lengths_int")
    for i in range(layers):
        x = _transformer(x, lengths, units, hidden, heads, f"layer{i}")
    x = mx.sym.SequenceMask(x, valid, use_sequence_length=True, axis=0, name="masked")
    x = mx.sym.transpose(x, axes=(1, 0, 2), name="batch_major")
    first = mx.sym.slice(x, begin=(0, 0, 0), end=(None, 1, None), name="first")
    first = mx.sym.FullyConnected(mx.sym.Reshape(first, shape=(-1, units)), num_hidden=units, name="pooler")
    return mx.sym.Group([x, mx.sym.Activation(first, act_type="tanh", name="pooled")])


def _transformer(x, lengths, units, hidden, heads, name):
    """Attention and feed-forward, each with its residual and normalisation."""
    parts = {k: mx.sym.Variable(f"{name}_{k}", shape=(units, units)) for k in ("query", "key", "value")}
    weights = [mx.sym.Reshape(w, shape=(heads, -1, 0), reverse=True) for w in parts.values()]
    weight = mx.sym.Reshape(mx.sym.Concat(*weights, dim=-2), shape=(-1, 0), reverse=True)
    offsets = [mx.sym.Variable(f"{name}_{k}_bias", shape=(units,)) for k in parts]
    bias = mx.sym.stack(*[mx.sym.Reshape(b, shape=(heads, -1), reverse=True) for b in offsets], axis=1)
    bias = mx.sym.Reshape(bias, shape=(-1,))
    joined = mx.sym.FullyConnected(x, weight, bias, num_hidden=3 * units, flatten=False, name=f"{name}_qkv")
    scores = mx.sym.contrib.interleaved_matmul_selfatt_qk(joined, heads=heads, name=f"{name}_scores")
    mask = mx.sym.broadcast_axis(mx.sym.expand_dims(lengths, axis=1), axis=1, size=heads)
    mask = mx.sym.Reshape(mask, shape=(-1, 0), reverse=True)
    shares = mx.sym.softmax(scores, mask, use_length=True, axis=-1, name=f"{name}_attention")
    y = mx.sym.contrib.interleaved_matmul_selfatt_valatt(joined, shares, heads=heads, name=f"{name}_context")
    y = mx.sym.FullyConnected(y, num_hidden=units, flatten=False, name=f"{name}_proj")
    x = mx.sym.LayerNorm(y + x, axis=-1, eps=1e-12, name=f"{name}_norm0")
    y = mx.sym.FullyConnected(x, num_hidden=hidden, flatten=False, name=f"{name}_ffn1")
    y = mx.sym.LeakyReLU(y, act_type="gelu", name=f"{name}_gelu")
    y = mx.sym.FullyConnected(y, num_hidden=units, flatten=False, name=f"{name}_ffn2")
    return mx.sym.LayerNorm(y + x, axis=-1, eps=1e-12, name=f"{name}_norm1")
