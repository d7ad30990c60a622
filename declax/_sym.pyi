# Written by `python -m declax.stubs --write`; do not edit.
# pyright: basic, reportSelfClsParameterName=false
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np

Attrs: TypeAlias = Mapping[str, str] | None
DTypeLike: TypeAlias = str | type | np.dtype
Flag: TypeAlias = bool | int
Floats: TypeAlias = Sequence[float] | float
Ints: TypeAlias = Sequence[int] | int
Name: TypeAlias = str | None

from declax.symbol import Group as Group
from declax.symbol import Symbol as Symbol
from declax.symbol import Variable as Variable
from declax.symbol import create as create
from declax.symbol import fromjson as fromjson
from declax.symbol import hidden_key as hidden_key
from declax.symbol import hypot as hypot
from declax.symbol import load as load
from declax.symbol import load_json as load_json
from declax.symbol import maximum as maximum
from declax.symbol import minimum as minimum
from declax.symbol import pow as pow
from declax.symbol import power as power
from declax.symbol import var as var

def Activation(data: Symbol | None = None, act_type: Literal['relu', 'sigmoid', 'softrelu', 'softsign', 'tanh'] | str = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """An element-wise activation; `softrelu` is log(1 + exp(x)), `softsign` x / (1 + |x|)."""
def BatchNorm(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, moving_mean: Symbol | None = None, moving_var: Symbol | None = None, eps: float = 0.0010000000474974513, momentum: float = 0.899999976, fix_gamma: Flag = True, use_global_stats: Flag = False, output_mean_var: Flag = False, axis: int = 1, cudnn_off: Flag = False, min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Batch normalization :math:`\\gamma (x - \\mu) / \\sqrt{\\sigma^2 + \\epsilon} + \\beta` for each channel."""
def BatchNorm_v1(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, moving_mean: Symbol | None = None, moving_var: Symbol | None = None, eps: float = 0.00100000005, momentum: float = 0.899999976, fix_gamma: Flag = True, use_global_stats: Flag = False, output_mean_var: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The older `BatchNorm`: channels at axis 1, and the output `var` holds the variance."""
def BilinearSampler(data: Symbol | None = None, grid: Symbol | None = None, cudnn_off: Flag | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Images read at the points of a grid by bilinear interpolation."""
def BlockGrad(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data, through which no gradient passes."""
def CTCLoss(data: Symbol | None = None, label: Symbol | None = None, data_lengths: Symbol | None = None, label_lengths: Symbol | None = None, use_data_lengths: Flag = False, use_label_lengths: Flag = False, blank_label: Literal['first', 'last'] | str = 'first', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Connectionist temporal classification: how improbable the labels are under unaligned predictions."""
def Cast(data: Symbol | None = None, dtype: Literal['bfloat16', 'bool', 'float16', 'float32', 'float64', 'int32', 'int64', 'int8', 'uint8'] | str = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data as type `dtype`; its gradient is cast back."""
def Concat(*data: Symbol | Sequence[Symbol], dim: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Joins arrays along one axis."""
def Convolution(data: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), num_filter: int = ..., num_group: int = 1, workspace: int = 1024, no_bias: Flag = False, cudnn_tune: Literal['fastest', 'limited_workspace', 'off'] | str | None = None, cudnn_off: Flag = False, layout: Literal['NCDHW', 'NCHW', 'NCW', 'NDHWC', 'NHWC'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Convolution (cross-correlation) in one, two or three dimensions."""
def Convolution_v1(data: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), num_filter: int = ..., num_group: int = 1, workspace: int = 1024, no_bias: Flag = False, cudnn_tune: Literal['fastest', 'limited_workspace', 'off'] | str | None = None, cudnn_off: Flag = False, layout: Literal['NCDHW', 'NCHW', 'NDHWC', 'NHWC'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The older name of `Convolution`, for two and three dimensions."""
def Correlation(data1: Symbol | None = None, data2: Symbol | None = None, kernel_size: int = 1, max_displacement: int = 1, stride1: int = 1, stride2: int = 1, pad_size: int = 0, is_multiply: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Patches of one image compared with displaced patches of another (FlowNet, Dosovitskiy et al. 2015)."""
def Crop(*data: Symbol | Sequence[Symbol], offset: Ints = (0, 0), h_w: Ints = (0, 0), center_crop: Flag = False, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The part of an image's plane at `offset` (y, x), or in its middle, as large as `h_w` or a second input's plane."""
def Custom(*data: Symbol | Sequence[Symbol], op_type: str, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """A custom operator written in Python and registered with `declax.operator.register`."""
def Deconvolution(data: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), adj: Ints = (), target_shape: Ints = (), num_filter: int = ..., num_group: int = 1, workspace: int = 512, no_bias: Flag = True, cudnn_tune: Literal['fastest', 'limited_workspace', 'off'] | str | None = None, cudnn_off: Flag = False, layout: Literal['NCDHW', 'NCHW', 'NCW', 'NDHWC', 'NHWC'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Transposed convolution: the gradient of `Convolution` with respect to its data."""
def Dropout(data: Symbol | None = None, p: float = 0.5, mode: Literal['always', 'training'] | str = 'training', axes: Ints = (), cudnn_off: Flag | None = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sets a fraction `p` of the elements to 0 and divides the others by 1 - p, in training or `always`."""
def ElementWiseSum(*args: Symbol | Sequence[Symbol], name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The sum of any number of arrays."""
def Embedding(data: Symbol | None = None, weight: Symbol | None = None, input_dim: int = ..., output_dim: int = ..., dtype: Literal['bfloat16', 'float16', 'float32', 'float64', 'int32', 'int64', 'int8', 'uint8'] | str = 'float32', sparse_grad: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The row of `weight` for each index in `data`."""
def Flatten(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Joins all axes but the first."""
def FullyConnected(data: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, num_hidden: int = ..., no_bias: Flag = False, flatten: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Affine map :math:`Y = X W^\\top + b`."""
def GridGenerator(data: Symbol | None = None, transform_type: Literal['affine', 'warp'] | str = ..., target_shape: Ints = (0, 0), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sampling grids for `BilinearSampler`, from affine maps or from optical flow."""
def GroupNorm(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, num_groups: int = 1, eps: float = 9.99999975e-06, output_mean_var: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Normalization within groups of channels, then an affine map for each group."""
def IdentityAttachKLSparseReg(data: Symbol | None = None, moving_avg: Symbol | None = None, sparseness_target: float = 0.100000001, penalty: float = 0.00100000005, momentum: float = 0.899999976, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The data itself, whose gradient draws the mean activation of each unit to a target (KL divergence)."""
def InstanceNorm(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, eps: float = 0.00100000005, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Normalization of each channel of each example, then an affine map for each channel."""
def L2Normalization(data: Symbol | None = None, eps: float = 1.00000001e-10, mode: Literal['channel', 'instance', 'spatial'] | str = 'instance', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Division by the L2 norm, :math:`x / \\sqrt{\\sum x^2 + \\epsilon}`."""
def LRN(data: Symbol | None = None, alpha: float = 9.99999975e-05, beta: float = 0.75, knorm: float = 2.0, nsize: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Local response normalization, :math:`x_c (k + \\frac{\\alpha}{n} \\sum_{c'} x_{c'}^2)^{-\\beta}`."""
def LayerNorm(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, axis: int = -1, eps: float = 9.99999975e-06, output_mean_var: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Normalization along one axis, then an affine map."""
def LeakyReLU(data: Symbol | None = None, gamma: Symbol | None = None, act_type: Literal['elu', 'gelu', 'leaky', 'prelu', 'rrelu', 'selu'] | str = 'leaky', slope: float = 0.25, lower_bound: float = 0.125, upper_bound: float = 0.333999991, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """A rectifier with a slope for negative values: fixed, learnt (`prelu`) or random (`rrelu`), or a smooth cousin."""
def LinearRegressionOutput(data: Symbol | None = None, label: Symbol | None = None, grad_scale: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The data itself, with the gradient of half the squared error: (data - label) * grad_scale / outputs."""
def LogisticRegressionOutput(data: Symbol | None = None, label: Symbol | None = None, grad_scale: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The sigmoid of the data, with the gradient of the cross entropy: (output - label) * grad_scale / outputs."""
def MAERegressionOutput(data: Symbol | None = None, label: Symbol | None = None, grad_scale: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The data itself, with the gradient of the absolute error: its sign (-1 at 0) * grad_scale / outputs."""
def MakeLoss(data: Symbol | None = None, grad_scale: float = 1.0, valid_thresh: float = 0.0, normalization: Literal['batch', 'null', 'valid'] | str = 'null', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data as a loss: its gradient is `grad_scale` everywhere, whatever comes from above."""
def Pad(data: Symbol | None = None, mode: Literal['constant', 'edge', 'reflect'] | str = ..., pad_width: Ints = ..., constant_value: float = 0.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Adds pad_width[2 i] elements before and pad_width[2 i + 1] after axis i, of the plane or volume only."""
def Pooling(data: Symbol | None = None, kernel: Ints = (), pool_type: Literal['avg', 'lp', 'max', 'sum'] | str = 'max', global_pool: Flag = False, cudnn_off: Flag = False, pooling_convention: Literal['full', 'same', 'valid'] | str = 'valid', stride: Ints = (), pad: Ints = (), p_value: int | None = None, count_include_pad: Flag | None = None, layout: Literal['NCDHW', 'NCHW', 'NCW', 'NDHWC', 'NHWC', 'NWC'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Pooling over windows, or over all of space with `global_pool`."""
def Pooling_v1(data: Symbol | None = None, kernel: Ints = (), pool_type: Literal['avg', 'max', 'sum'] | str = 'max', global_pool: Flag = False, pooling_convention: Literal['full', 'valid'] | str = 'valid', stride: Ints = (), pad: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The older `Pooling`, with its own rules."""
def RNN(data: Symbol | None = None, parameters: Symbol | None = None, state: Symbol | None = None, state_cell: Symbol | None = None, sequence_length: Symbol | None = None, state_size: int = ..., num_layers: int = ..., bidirectional: Flag = False, mode: Literal['rnn_relu', 'rnn_tanh', 'lstm', 'gru'] | str = ..., p: float = 0.0, state_outputs: Flag = False, projection_size: int | None = None, lstm_state_clip_min: float | None = None, lstm_state_clip_max: float | None = None, lstm_state_clip_nan: Flag = False, use_sequence_length: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """A stack of recurrent layers over a sequence, in one or both directions."""
def ROIPooling(data: Symbol | None = None, rois: Symbol | None = None, pooled_size: Ints = ..., spatial_scale: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Maximum of every bin of every region of interest, on whole pixels (Fast R-CNN, Girshick 2015)."""
def Reshape(data: Symbol | None = None, shape: Ints = (), reverse: Flag = False, target_shape: Ints = (), keep_highest: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The same elements in another shape."""
def SVMOutput(data: Symbol | None = None, label: Symbol | None = None, margin: float = 1.0, regularization_coefficient: float = 1.0, use_linear: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The data itself, with the gradient of a one-against-all hinge loss, squared unless `use_linear`."""
def SequenceLast(data: Symbol | None = None, sequence_length: Symbol | None = None, use_sequence_length: Flag = False, axis: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The last element of every sequence."""
def SequenceMask(data: Symbol | None = None, sequence_length: Symbol | None = None, use_sequence_length: Flag = False, value: float = 0.0, axis: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Puts `value` behind the end of every sequence."""
def SequenceReverse(data: Symbol | None = None, sequence_length: Symbol | None = None, use_sequence_length: Flag = False, axis: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Every sequence backwards; what lies behind its end stays in place."""
def SliceChannel(data: Symbol | None = None, num_outputs: int = ..., axis: int = 1, squeeze_axis: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Cuts an axis into num_outputs equal parts; with `squeeze_axis` the parts must have size 1 and lose the axis."""
def Softmax(data: Symbol | None = None, label: Symbol | None = None, grad_scale: float = 1.0, ignore_label: float = -1.0, multi_output: Flag = False, use_ignore: Flag = False, preserve_shape: Flag = False, normalization: Literal['batch', 'null', 'valid'] | str = 'null', out_grad: Flag = False, smooth_alpha: float = 0.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Softmax whose gradient is that of the cross entropy with `label`."""
def SoftmaxActivation(data: Symbol | None = None, mode: Literal['channel', 'instance'] | str = 'instance', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Softmax along the last axis (`instance`) or along the channels (`channel`, axis 1)."""
SoftmaxOutput = Softmax
def SpatialTransformer(data: Symbol | None = None, loc: Symbol | None = None, target_shape: Ints = (0, 0), transform_type: Literal['affine'] | str = ..., sampler_type: Literal['bilinear'] | str = ..., cudnn_off: Flag | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Images warped by affine maps that a network predicts (Jaderberg et al. 2015)."""
def SwapAxis(data: Symbol | None = None, dim1: int = 0, dim2: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Exchanges the axes dim1 and dim2."""
def UpSampling(*data: Symbol | Sequence[Symbol], scale: int, num_filter: int = 0, sample_type: Literal['bilinear', 'nearest'] | str, multi_input_mode: Literal['concat', 'sum'] | str = 'concat', workspace: int = 512, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Images enlarged by a whole factor, by repetition or by a (learnable) bilinear filter."""
def abs(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Absolute value, slope 0 at 0."""
def adam_update(weight: Symbol | None = None, grad: Symbol | None = None, mean: Symbol | None = None, var: Symbol | None = None, lr: float = ..., beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Adam (Kingma and Ba 2014), its bias correction left to `lr`."""
add_n = ElementWiseSum
def all_finite(data: Symbol | None = None, init_output: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 if every value is finite, otherwise 0, as float32."""
def amp_cast(data: Symbol | None = None, dtype: Literal['bfloat16', 'float16', 'float32', 'float64', 'int32', 'int64', 'int8', 'uint8'] | str = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data as type `dtype` if it is float32, float16 or bfloat16, otherwise unchanged (automatic mixed precision)."""
def amp_multicast(*data: Symbol | Sequence[Symbol], num_outputs: int, cast_narrow: Flag = False, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Casts all arrays to their widest floating type, or to the narrowest with `cast_narrow` (mixed precision)."""
def arccos(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Inverse cosine, in radians."""
def arccosh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Inverse hyperbolic cosine, NaN below 1."""
def arcsin(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Inverse sine, in radians."""
def arcsinh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Inverse hyperbolic sine."""
def arctan(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Inverse tangent, in radians."""
def arctanh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Inverse hyperbolic tangent."""
def argmax(data: Symbol | None = None, axis: int | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Position of the first largest element along an axis, or in the flattened array."""
def argmax_channel(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Position of the first largest element along axis 1."""
def argmin(data: Symbol | None = None, axis: int | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Position of the first smallest element along an axis, or in the flattened array."""
def argsort(data: Symbol | None = None, axis: int | None = -1, is_ascend: Flag = True, dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'uint8'] | str = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The positions that put the elements in order along an axis, or those of the flattened array."""
def batch_dot(lhs: Symbol | None = None, rhs: Symbol | None = None, transpose_a: Flag = False, transpose_b: Flag = False, forward_stype: Literal['csr', 'default', 'row_sparse'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Matrix products of the last two axes, one for each index of the leading ones, which must agree."""
def batch_take(a: Symbol | None = None, indices: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """One element of each row, indices clipped to the row."""
def broadcast_add(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs + rhs with broadcasting."""
def broadcast_axes(data: Symbol | None = None, axis: Ints = (), size: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Repeats data along each `axis`, which must have size 1, to the `size` at the same place."""
broadcast_axis = broadcast_axes
def broadcast_div(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs / rhs with broadcasting; whole numbers are cut towards zero."""
def broadcast_equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where lhs == rhs with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_greater(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where lhs > rhs with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_greater_equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where lhs >= rhs with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_hypot(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """sqrt(lhs^2 + rhs^2) with broadcasting, without overflow."""
def broadcast_lesser(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where lhs < rhs with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_lesser_equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where lhs <= rhs with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_like(lhs: Symbol | None = None, rhs: Symbol | None = None, lhs_axes: Ints | None = None, rhs_axes: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Repeats lhs along its axes of size 1 to the shape of rhs, or only `lhs_axes` to the sizes of `rhs_axes`."""
def broadcast_logical_and(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where both are not 0, with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_logical_or(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where one of them is not 0, with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_logical_xor(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where exactly one of them is not 0, with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
def broadcast_maximum(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The larger, with broadcasting; a tie's gradient goes to lhs."""
def broadcast_minimum(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The smaller, with broadcasting; a tie's gradient goes to lhs."""
def broadcast_minus(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs - rhs with broadcasting."""
def broadcast_mod(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The remainder of lhs / rhs with broadcasting; the sign of rhs, 0 where rhs is 0."""
def broadcast_mul(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs * rhs with broadcasting."""
def broadcast_not_equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where lhs != rhs with broadcasting, and 0 elsewhere, in the type of the inputs; no gradient."""
broadcast_plus = broadcast_add
def broadcast_power(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs to the power of rhs with broadcasting."""
broadcast_sub = broadcast_minus
def broadcast_to(data: Symbol | None = None, shape: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Repeats data along its axes of size 1 until it has `shape`."""
cast = Cast
def cast_storage(data: Symbol | None = None, stype: Literal['csr', 'default', 'row_sparse'] | str = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data itself: every array is dense here, whatever storage type is asked for."""
def cbrt(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Cube root, of negative numbers too."""
def ceil(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The next whole number upwards. No gradient."""
def choose_element_0index(data: Symbol | None = None, index: Symbol | None = None, axis: int | None = -1, keepdims: Flag = False, mode: Literal['clip', 'wrap'] | str = 'clip', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """One element of each line along an axis."""
def clip(data: Symbol | None = None, a_min: float = ..., a_max: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Values below a_min become a_min, values above a_max become a_max; slope 1 at the bounds, 0 outside."""
def col2im(data: Symbol | None = None, output_size: Ints = ..., kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The image whose blocks are the columns; where blocks overlap, they add up. The transpose of im2col."""
concat = Concat
def cos(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Cosine of radians."""
def cosh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Hyperbolic cosine."""
def crop(data: Symbol | None = None, begin: Sequence[int | None] | int | None = ..., end: Sequence[int | None] | int | None = ..., step: Sequence[int | None] | int | None = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The part begin:end:step of each of the first axes."""
ctc_loss = CTCLoss
def cumsum(a: Symbol | None = None, axis: int | None = None, dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'int8'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Running sums along an axis, or over the flattened array."""
def degrees(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Radians to degrees."""
def depth_to_space(data: Symbol | None = None, block_size: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Moves blocks of channels into the plane, each pixel becoming a block_size x block_size square."""
def diag(data: Symbol | None = None, k: int = 0, axis1: int = 0, axis2: int = 1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The k-th diagonal over two axes, or the matrix that has a vector there."""
def dot(lhs: Symbol | None = None, rhs: Symbol | None = None, transpose_a: Flag = False, transpose_b: Flag = False, forward_stype: Literal['csr', 'default', 'row_sparse'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sums over lhs's last axis and rhs's first."""
def elemwise_add(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs + rhs, element by element."""
def elemwise_div(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs / rhs; whole numbers are cut towards zero."""
def elemwise_mul(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs * rhs, element by element."""
def elemwise_sub(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs - rhs, element by element."""
def erf(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The error function."""
def erfinv(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The inverse of the error function."""
def exp(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """e to the power of data."""
def expand_dims(data: Symbol | None = None, axis: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Inserts an axis of size 1 before `axis`, which may count from the end."""
def expm1(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """exp(data) - 1, exact near 0."""
def fill_element_0index(lhs: Symbol | None = None, mhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs with element rhs[i] of row i set to mhs[i]; an old NDArray function."""
def fix(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The next whole number towards zero. No gradient."""
flatten = Flatten
def flip(data: Symbol | None = None, axis: Ints = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Turns the order of the elements along each of the axes."""
def floor(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The next whole number downwards. No gradient."""
def ftml_update(weight: Symbol | None = None, grad: Symbol | None = None, d: Symbol | None = None, v: Symbol | None = None, z: Symbol | None = None, lr: float = ..., beta1: float = 0.6, beta2: float = 0.999, epsilon: float = 1e-08, t: int = ..., wd: float = 0.0, rescale_grad: float = 1.0, clip_grad: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Follow the moving leader (Zheng and Kwok 2017) at step `t`."""
def ftrl_update(weight: Symbol | None = None, grad: Symbol | None = None, z: Symbol | None = None, n: Symbol | None = None, lr: float = ..., lamda1: float = 0.01, beta: float = 1.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Follow the regularised leader (McMahan et al. 2013)."""
def gamma(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The gamma function."""
def gammaln(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Logarithm of abs(gamma(data))."""
def gather_nd(data: Symbol | None = None, indices: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The elements, or slices, at the points whose coordinates are the columns of `indices`."""
def hard_sigmoid(data: Symbol | None = None, alpha: float = 0.2, beta: float = 0.5, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """alpha * data + beta cut off at 0 and at 1, with slope 0 at both cuts."""
def identity(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data itself."""
def im2col(data: Symbol | None = None, kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Every block of the image that a convolution with these attributes would see, as a column."""
def khatri_rao(*data: Symbol | Sequence[Symbol], name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The column-wise Kronecker product of matrices."""
def lamb_update_phase1(weight: Symbol | None = None, grad: Symbol | None = None, mean: Symbol | None = None, var: Symbol | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-06, t: int = ..., bias_correction: Flag = True, wd: float = ..., rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Direction of a LAMB step at step `t`, before its length is known."""
def lamb_update_phase2(weight: Symbol | None = None, g: Symbol | None = None, r1: Symbol | None = None, r2: Symbol | None = None, lr: float = ..., lower_bound: float = -1.0, upper_bound: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The LAMB step along a direction g, given the norms of weight (r1) and direction (r2)."""
def linalg_det(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The determinant of square matrices; singular ones give no gradient."""
def linalg_extractdiag(A: Symbol | None = None, offset: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """A diagonal of every matrix; positive offsets are above the main one."""
def linalg_extracttrian(A: Symbol | None = None, offset: int = 0, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """A triangle of every matrix as a vector, a lower one row by row, an upper one column by column."""
def linalg_gelqf(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The LQ factorization A = L Q of full rank matrices with no more rows than columns."""
def linalg_gemm(A: Symbol | None = None, B: Symbol | None = None, C: Symbol | None = None, transpose_a: Flag = False, transpose_b: Flag = False, alpha: float = 1.0, beta: float = 1.0, axis: int = -2, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """alpha op(A) op(B) + beta C."""
def linalg_gemm2(A: Symbol | None = None, B: Symbol | None = None, transpose_a: Flag = False, transpose_b: Flag = False, alpha: float = 1.0, axis: int = -2, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """alpha op(A) op(B)."""
def linalg_inverse(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The inverse of square matrices."""
def linalg_makediag(A: Symbol | None = None, offset: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Matrices with the input on one diagonal and 0 elsewhere."""
def linalg_maketrian(A: Symbol | None = None, offset: int = 0, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Matrices with the input on one triangle and 0 elsewhere; the inverse of extracttrian."""
def linalg_potrf(A: Symbol | None = None, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The Cholesky factor B of symmetric positive definite matrices: A = B Bᵀ, or Bᵀ B with `lower` off."""
def linalg_potri(A: Symbol | None = None, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The inverse of a matrix from its Cholesky factor A: (A Aᵀ)⁻¹, or (Aᵀ A)⁻¹ with `lower` off."""
def linalg_slogdet(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sign and logarithm of the magnitude of the determinant; the sign and singular matrices give no gradient."""
def linalg_sumlogdiag(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The sum of the logarithms of the diagonal."""
def linalg_syrk(A: Symbol | None = None, transpose: Flag = False, alpha: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """alpha A Aᵀ, or alpha Aᵀ A with `transpose`."""
def linalg_trmm(A: Symbol | None = None, B: Symbol | None = None, transpose: Flag = False, rightside: Flag = False, lower: Flag = True, alpha: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """alpha op(A) B, or alpha B op(A) with `rightside`, where only a triangle of A counts."""
def linalg_trsm(A: Symbol | None = None, B: Symbol | None = None, transpose: Flag = False, rightside: Flag = False, lower: Flag = True, alpha: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The X with op(A) X = alpha B, or X op(A) = alpha B with `rightside`, where only a triangle of A counts."""
def log(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Natural logarithm."""
def log10(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Logarithm to base 10."""
def log1p(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """log(1 + data), exact near 0."""
def log2(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Logarithm to base 2."""
def log_softmax(data: Symbol | None = None, length: Symbol | None = None, axis: int = -1, temperature: float | None = None, dtype: Literal['float16', 'float32', 'float64'] | str | None = None, use_length: Flag | None = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Logarithm of the softmax."""
def logical_not(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 where data is 0 and 0 elsewhere, in the type of data. No gradient."""
def make_loss(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data as a loss: its gradient is 1 everywhere, whatever comes from above."""
def max(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Largest element over `axis`, over all axes when none is named, or over all others with `exclude`."""
max_axis = max
def mean(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Mean over `axis`, over all axes when none is named, or over all others with `exclude`."""
def min(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Smallest element over `axis`, over all axes when none is named, or over all others with `exclude`."""
min_axis = min
def moments(data: Symbol | None = None, axes: Ints | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Mean and variance (divided by the count) over `axes`, which must be named."""
def mp_lamb_update_phase1(weight: Symbol | None = None, grad: Symbol | None = None, mean: Symbol | None = None, var: Symbol | None = None, weight32: Symbol | None = None, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-06, t: int = ..., bias_correction: Flag = True, wd: float = ..., rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`lamb_update_phase1` of a float16 weight by its float32 copy."""
def mp_lamb_update_phase2(weight: Symbol | None = None, g: Symbol | None = None, r1: Symbol | None = None, r2: Symbol | None = None, weight32: Symbol | None = None, lr: float = ..., lower_bound: float = -1.0, upper_bound: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`lamb_update_phase2` from the float32 copy of a weight."""
def mp_nag_mom_update(weight: Symbol | None = None, grad: Symbol | None = None, mom: Symbol | None = None, weight32: Symbol | None = None, lr: float = ..., momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`nag_mom_update` on a float32 copy of the weight."""
def mp_sgd_mom_update(weight: Symbol | None = None, grad: Symbol | None = None, mom: Symbol | None = None, weight32: Symbol | None = None, lr: float = ..., momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`sgd_mom_update` on a float32 copy of the weight."""
def mp_sgd_update(weight: Symbol | None = None, grad: Symbol | None = None, weight32: Symbol | None = None, lr: float = ..., wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`sgd_update` on a float32 copy of the weight."""
def multi_all_finite(*data: Symbol | Sequence[Symbol], num_arrays: int = 1, init_output: Flag = True, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 if every value of all `num_arrays` arrays is finite, otherwise 0, as float32."""
def multi_lars(lrs: Symbol | None = None, weights_sum_sq: Symbol | None = None, grads_sum_sq: Symbol | None = None, wds: Symbol | None = None, eta: float = ..., eps: float = ..., rescale_grad: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Learning rates of layer-wise adaptive rate scaling (You et al. 2017)."""
def multi_mp_sgd_mom_update(*data: Symbol | Sequence[Symbol], lrs: Floats, wds: Floats, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`mp_sgd_mom_update` of several weights."""
def multi_mp_sgd_update(*data: Symbol | Sequence[Symbol], lrs: Floats, wds: Floats, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`mp_sgd_update` of several weights."""
def multi_sgd_mom_update(*data: Symbol | Sequence[Symbol], lrs: Floats, wds: Floats, momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`sgd_mom_update` of several weights."""
def multi_sgd_update(*data: Symbol | Sequence[Symbol], lrs: Floats, wds: Floats, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`sgd_update` of several weights."""
def multi_sum_sq(*data: Symbol | Sequence[Symbol], num_arrays: int, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sums of the squares of several arrays."""
def nag_mom_update(weight: Symbol | None = None, grad: Symbol | None = None, mom: Symbol | None = None, lr: float = ..., momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Nesterov's accelerated gradient."""
def nanprod(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Product that takes nan for one."""
def nansum(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sum that takes nan for zero."""
def negative(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """-data."""
def norm(data: Symbol | None = None, ord: int = 2, axis: Ints | None = None, out_dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'int8'] | str | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sum of absolute values (ord 1) or root of the sum of squares (ord 2) over `axis`, over all axes by default."""
def normal(loc: float = 0.0, scale: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Normal samples with mean `loc` and standard deviation `scale`."""
def one_hot(indices: Symbol | None = None, depth: int = ..., on_value: float = 1.0, off_value: float = 0.0, dtype: DTypeLike = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """on_value at each index along a new last axis, off_value elsewhere; indices out of range give no on_value."""
def ones_like(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Ones."""
pad = Pad
pick = choose_element_0index
def preloaded_multi_mp_sgd_mom_update(*data: Symbol | Sequence[Symbol], momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`multi_mp_sgd_mom_update` with rates and decays as arrays."""
def preloaded_multi_mp_sgd_update(*data: Symbol | Sequence[Symbol], rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`multi_mp_sgd_update` with rates and decays as arrays."""
def preloaded_multi_sgd_mom_update(*data: Symbol | Sequence[Symbol], momentum: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`multi_sgd_mom_update` with rates and decays as arrays."""
def preloaded_multi_sgd_update(*data: Symbol | Sequence[Symbol], rescale_grad: float = 1.0, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`multi_sgd_update` with rates and decays as arrays."""
def prod(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Product over `axis`, over all axes when none is named, or over all others with `exclude`."""
def radians(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Degrees to radians."""
def random_exponential(lam: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Exponential samples with rate `lam`."""
def random_gamma(alpha: float = 1.0, beta: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Gamma samples with shape `alpha` and scale `beta`."""
def random_generalized_negative_binomial(mu: float = 1.0, alpha: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Negative binomial samples with mean `mu` and dispersion `alpha`."""
def random_negative_binomial(k: int = 1, p: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Negative binomial samples: failures before the k-th success of probability p."""
random_normal = normal
def random_pdf_dirichlet(sample: Symbol | None = None, alpha: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The density of a Dirichlet distribution."""
def random_pdf_exponential(sample: Symbol | None = None, lam: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The density of an exponential distribution with rate `lam`."""
def random_pdf_gamma(sample: Symbol | None = None, alpha: Symbol | None = None, beta: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The density of a gamma distribution with shape `alpha` and rate `beta` (a rate here, a scale in sampling)."""
def random_pdf_generalized_negative_binomial(sample: Symbol | None = None, mu: Symbol | None = None, alpha: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The probability of a negative binomial distribution given by mean and dispersion."""
def random_pdf_negative_binomial(sample: Symbol | None = None, k: Symbol | None = None, p: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The probability of a negative binomial distribution."""
def random_pdf_normal(sample: Symbol | None = None, mu: Symbol | None = None, sigma: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The density of a normal distribution."""
def random_pdf_poisson(sample: Symbol | None = None, lam: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The probability of a Poisson distribution with mean `lam`."""
def random_pdf_uniform(sample: Symbol | None = None, low: Symbol | None = None, high: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The density of a uniform distribution; samples are taken to be inside."""
def random_poisson(lam: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Poisson samples with mean `lam`."""
def random_randint(low: int = ..., high: int = ..., shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'int32', 'int64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Whole numbers in [low, high)."""
def random_uniform(low: float = 0.0, high: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Uniform samples in [low, high)."""
def ravel_multi_index(data: Symbol | None = None, shape: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Coordinates, one point a column, as positions in a flattened array of this shape."""
def rcbrt(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 / cbrt(data)."""
def reciprocal(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 / data."""
def relu(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """max(data, 0); NaN stays NaN, slope 0 at 0."""
def repeat(data: Symbol | None = None, repeats: int = ..., axis: int | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Repeats every element `repeats` times along `axis`, or of the flattened array."""
def reset_arrays(*data: Symbol | Sequence[Symbol], num_arrays: int, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Fills several arrays with 0, in place."""
reshape = Reshape
def reshape_like(lhs: Symbol | None = None, rhs: Symbol | None = None, lhs_begin: int | None = None, lhs_end: int | None = None, rhs_begin: int | None = None, rhs_end: int | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """lhs in the shape of rhs, or with its axes lhs_begin..lhs_end in the shape of rhs's axes rhs_begin..rhs_end."""
reverse = flip
def rint(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The nearest whole number, halves downwards (1.5 to 1, -1.5 to -2). No gradient."""
def rmsprop_update(weight: Symbol | None = None, grad: Symbol | None = None, n: Symbol | None = None, lr: float = ..., gamma1: float = 0.95, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """RMSProp (Tieleman and Hinton 2012)."""
def rmspropalex_update(weight: Symbol | None = None, grad: Symbol | None = None, n: Symbol | None = None, g: Symbol | None = None, delta: Symbol | None = None, lr: float = ..., gamma1: float = 0.95, gamma2: float = 0.9, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, clip_weights: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """RMSProp by the centred variance, with momentum (Graves 2013)."""
def round(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The nearest whole number, halves away from zero. No gradient."""
def rsqrt(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 / sqrt(data)."""
def sample_exponential(lam: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Exponential samples for every rate."""
def sample_gamma(alpha: Symbol | None = None, beta: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Gamma samples for every shape `alpha` and scale `beta`."""
def sample_generalized_negative_binomial(mu: Symbol | None = None, alpha: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Negative binomial samples for every mean `mu` and dispersion `alpha`."""
def sample_multinomial(data: Symbol | None = None, shape: Ints = (), get_prob: Flag = False, dtype: Literal['uint8', 'int32', 'float16', 'float32', 'float64'] | str = 'int32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Classes drawn from rows of probabilities, and with `get_prob` the logarithms of their probabilities."""
def sample_negative_binomial(k: Symbol | None = None, p: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Negative binomial samples for every number of successes k and probability p."""
def sample_normal(mu: Symbol | None = None, sigma: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Normal samples for every mean and standard deviation."""
def sample_poisson(lam: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Poisson samples for every mean."""
def sample_uniform(low: Symbol | None = None, high: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Uniform samples in [low, high) for every pair of bounds."""
def scatter_nd(data: Symbol | None = None, indices: Symbol | None = None, shape: Ints = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Zeros with data written at the points whose coordinates are the columns of `indices`."""
def sgd_mom_update(weight: Symbol | None = None, grad: Symbol | None = None, mom: Symbol | None = None, lr: float = ..., momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Gradient descent with momentum: m = momentum * m - lr * (grad + wd * w), w + m."""
def sgd_update(weight: Symbol | None = None, grad: Symbol | None = None, lr: float = ..., wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Gradient descent: w - lr * (clip(rescale_grad * grad) + wd * w)."""
def shape_array(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The shape of data as an int64 vector; no gradient."""
def shuffle(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The data in random order along the first axis."""
def sigmoid(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """1 / (1 + exp(-data))."""
def sign(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """-1, 0 or 1, 0 for NaN; slope 0 everywhere."""
def signsgd_update(weight: Symbol | None = None, grad: Symbol | None = None, lr: float = ..., wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Steps of one size along the sign of the gradient: (1 - lr * wd) * w - lr * sign(grad)."""
def signum_update(weight: Symbol | None = None, grad: Symbol | None = None, mom: Symbol | None = None, lr: float = ..., momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, wd_lh: float = 0.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """`signsgd_update` by the sign of a momentum (Bernstein et al. 2018); `wd_lh` is decoupled weight decay."""
def sin(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sine of radians."""
def sinh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Hyperbolic sine."""
def size_array(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The number of elements of data as int64; no gradient."""
slice = crop
def slice_axis(data: Symbol | None = None, axis: int = ..., begin: int = ..., end: int | None = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The part begin:end of one axis; unlike slice's, bounds out of range are an error."""
def slice_like(data: Symbol | None = None, shape_like: Symbol | None = None, axes: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The start of data along `axes` (all by default), as long as shape_like is there."""
def smooth_l1(data: Symbol | None = None, scalar: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Smooth L1: :math:`(\\sigma x)^2 / 2` where :math:`|x| \\le \\sigma^{-2}`, else :math:`|x| - \\sigma^{-2} / 2`."""
def softmax(data: Symbol | None = None, length: Symbol | None = None, axis: int = -1, temperature: float | None = None, dtype: Literal['float16', 'float32', 'float64'] | str | None = None, use_length: Flag | None = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Softmax along an axis, of the first `length` elements when `use_length`, the rest being 0."""
def softmax_cross_entropy(data: Symbol | None = None, label: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sum over the batch of the cross entropy between the softmax of `data` and the class indices `label`."""
def softmin(data: Symbol | None = None, length: Symbol | None = None, axis: int = -1, temperature: float | None = None, dtype: Literal['float16', 'float32', 'float64'] | str | None = None, use_length: Flag | None = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Softmax of the negated data."""
def softsign(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data / (1 + abs(data))."""
def sort(data: Symbol | None = None, axis: int | None = -1, is_ascend: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The elements in order along an axis, or of the flattened array; a hidden second output has their positions."""
def space_to_depth(data: Symbol | None = None, block_size: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Moves each block_size x block_size square of the plane into channels; the inverse of depth_to_space."""
split = SliceChannel
def sqrt(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Square root."""
def square(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """data * data."""
def squeeze(data: Symbol | None = None, axis: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Drops the axes of size 1, or those in `axis`, which must have size 1."""
def stack(*data: Symbol | Sequence[Symbol], axis: int = 0, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Joins arrays of one shape along a new axis."""
stop_gradient = BlockGrad
def sum(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Sum over `axis`, over all axes when none is named, or over all others with `exclude`."""
sum_axis = sum
swapaxes = SwapAxis
def take(a: Symbol | None = None, indices: Symbol | None = None, axis: int = 0, mode: Literal['clip', 'raise', 'wrap'] | str = 'clip', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The slices of one axis at indices."""
def tan(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Tangent of radians."""
def tanh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Hyperbolic tangent."""
def tile(data: Symbol | None = None, reps: Ints = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Repeats the whole array reps[i] times along axis i, aligned at the last axis."""
def topk(data: Symbol | None = None, axis: int | None = -1, k: int = 1, ret_typ: Literal['both', 'indices', 'mask', 'value'] | str = 'indices', is_ascend: Flag = False, dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'uint8'] | str = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The k largest (or with `is_ascend` smallest) elements along an axis, or of the flattened array, in order."""
def transpose(data: Symbol | None = None, axes: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Permutes the axes; without `axes` it reverses them."""
def trunc(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """The next whole number towards zero. No gradient."""
uniform = random_uniform
def unravel_index(data: Symbol | None = None, shape: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Positions in a flattened array of this shape as coordinates, one point a column."""
def where(condition: Symbol | None = None, x: Symbol | None = None, y: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Elements of x where condition is not 0, of y elsewhere; condition has no gradient."""
def zeros_like(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
    """Zeros."""
def zeros(shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """Zeros of a shape."""
def ones(shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """Ones of a shape."""
def full(shape: Any, val: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """A shape filled with one value."""
def arange(start: Any, stop: Any = None, step: Any = 1.0, repeat: Any = 1, infer_range: Any = False, name: Any = None, dtype: Any = None) -> Any:
    """Evenly spaced values in [start, stop), each repeated `repeat` times."""
def eye(N: Any, M: Any = 0, k: Any = 0, dtype: Any = None, **kwargs: Any) -> Any:
    """Ones on the k-th diagonal of an N by M matrix (M = 0: square), zeros elsewhere."""
def linspace(start: Any, stop: Any, num: Any, endpoint: Any = True, name: Any = None, dtype: Any = None) -> Any:
    """`num` evenly spaced values from start to stop."""
def histogram(a: Any, bins: Any = 10, range: Any = None, **kwargs: Any) -> Any:
    """Counts of values per bin and the bins' edges; `bins` is a number, with `range`, or a tensor of edges."""
def split_v2(ary: Any, indices_or_sections: Any, axis: Any = 0, squeeze_axis: Any = False) -> Any:
    """Splits into equal sections, or at indices along an axis."""
class contrib:
    @staticmethod
    def AdaptiveAvgPooling2D(data: Symbol | None = None, output_size: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Means over as many equal parts of an image as the output has pixels."""
    @staticmethod
    def BatchNormWithReLU(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, moving_mean: Symbol | None = None, moving_var: Symbol | None = None, eps: float = 0.0010000000474974513, momentum: float = 0.899999976, fix_gamma: Flag = True, use_global_stats: Flag = False, output_mean_var: Flag = False, axis: int = 1, cudnn_off: Flag = False, min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`BatchNorm` followed by a rectifier."""
    @staticmethod
    def BilinearResize2D(data: Symbol | None = None, like: Symbol | None = None, height: int = 1, width: int = 1, scale_height: float | None = None, scale_width: float | None = None, mode: Literal['size', 'odd_scale', 'like', 'to_even_down', 'to_even_up', 'to_odd_down', 'to_odd_up'] | str = 'size', align_corners: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Images resized by bilinear interpolation."""
    @staticmethod
    def CTCLoss(data: Symbol | None = None, label: Symbol | None = None, data_lengths: Symbol | None = None, label_lengths: Symbol | None = None, use_data_lengths: Flag = False, use_label_lengths: Flag = False, blank_label: Literal['first', 'last'] | str = 'first', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Connectionist temporal classification: how improbable the labels are under unaligned predictions."""
    @staticmethod
    def DeformableConvolution(data: Symbol | None = None, offset: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), num_filter: int = ..., num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024, no_bias: Flag = False, layout: Literal['NCDHW', 'NCHW', 'NCW'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Convolution that reads each kernel point at its place plus an offset, by bilinear interpolation."""
    @staticmethod
    def DeformablePSROIPooling(data: Symbol | None = None, rois: Symbol | None = None, trans: Symbol | None = None, spatial_scale: float = ..., output_dim: int = ..., group_size: int = ..., pooled_size: int = ..., part_size: int = 0, sample_per_part: int = 1, trans_std: float = 0.0, no_trans: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`PSROIPooling` of bilinear samples whose bins move with learned offsets."""
    @staticmethod
    def ModulatedDeformableConvolution(data: Symbol | None = None, offset: Symbol | None = None, mask: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), num_filter: int = ..., num_group: int = 1, num_deformable_group: int = 1, workspace: int = 1024, no_bias: Flag = False, im2col_step: int = 64, layout: Literal['NCDHW', 'NCHW', 'NCW'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`DeformableConvolution` whose points are also weighted by a mask, in an image that is zero outside."""
    @staticmethod
    def MultiBoxDetection(cls_prob: Symbol | None = None, loc_pred: Symbol | None = None, anchor: Symbol | None = None, clip: Flag = True, threshold: float = 0.01, background_id: int = 0, nms_threshold: float = 0.5, force_suppress: Flag = False, variances: Floats = (0.1, 0.1, 0.2, 0.2), nms_topk: int = -1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Detections from class probabilities and predicted offsets, after non-maximum suppression."""
    @staticmethod
    def MultiBoxPrior(data: Symbol | None = None, sizes: Floats = (1.0,), ratios: Floats = (1.0,), clip: Flag = False, steps: Floats = (-1.0, -1.0), offsets: Floats = (0.5, 0.5), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Anchor boxes (xmin, ymin, xmax, ymax) around every pixel, in parts of the image."""
    @staticmethod
    def MultiBoxTarget(anchor: Symbol | None = None, label: Symbol | None = None, cls_pred: Symbol | None = None, overlap_threshold: float = 0.5, ignore_label: float = -1.0, negative_mining_ratio: float = -1.0, negative_mining_thresh: float = 0.5, minimum_negative_samples: int = 0, variances: Floats = (0.1, 0.1, 0.2, 0.2), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Training targets of anchors: which box each one has to find, and which ones count as background."""
    @staticmethod
    def MultiProposal(cls_prob: Symbol | None = None, bbox_pred: Symbol | None = None, im_info: Symbol | None = None, rpn_pre_nms_top_n: int = 6000, rpn_post_nms_top_n: int = 300, threshold: float = 0.7, rpn_min_size: int = 16, scales: Floats = (4.0, 8.0, 16.0, 32.0), ratios: Floats = (0.5, 1.0, 2.0), feature_stride: int = 16, output_score: Flag = False, iou_loss: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Regions of interest in each of several images: `Proposal` for a batch."""
    @staticmethod
    def PSROIPooling(data: Symbol | None = None, rois: Symbol | None = None, spatial_scale: float = ..., output_dim: int = ..., pooled_size: int = ..., group_size: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Average of every bin of every region, each bin from channels of its own (R-FCN, Dai et al. 2016)."""
    @staticmethod
    def Proposal(cls_prob: Symbol | None = None, bbox_pred: Symbol | None = None, im_info: Symbol | None = None, rpn_pre_nms_top_n: int = 6000, rpn_post_nms_top_n: int = 300, threshold: float = 0.7, rpn_min_size: int = 16, scales: Floats = (4.0, 8.0, 16.0, 32.0), ratios: Floats = (0.5, 1.0, 2.0), feature_stride: int = 16, output_score: Flag = False, iou_loss: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Regions of interest in one image, from the scores and offsets of anchors."""
    @staticmethod
    def ROIAlign(data: Symbol | None = None, rois: Symbol | None = None, pooled_size: Ints = ..., spatial_scale: float = ..., sample_ratio: int = -1, position_sensitive: Flag = False, aligned: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Average of bilinear samples in every bin of every region of interest (Mask R-CNN, He et al. 2017)."""
    @staticmethod
    def RROIAlign(data: Symbol | None = None, rois: Symbol | None = None, pooled_size: Ints = ..., spatial_scale: float = ..., sampling_ratio: int = -1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`ROIAlign` for rotated regions of interest."""
    @staticmethod
    def SparseEmbedding(data: Symbol | None = None, weight: Symbol | None = None, input_dim: int = ..., output_dim: int = ..., dtype: Literal['bfloat16', 'float16', 'float32', 'float64', 'int32', 'int64', 'int8', 'uint8'] | str = 'float32', deterministic: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`Embedding` under its older name for a sparse table."""
    @staticmethod
    def SyncBatchNorm(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, moving_mean: Symbol | None = None, moving_var: Symbol | None = None, eps: float = 0.00100000005, momentum: float = 0.899999976, fix_gamma: Flag = True, use_global_stats: Flag = False, output_mean_var: Flag = False, ndev: int = 1, key: str = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Batch normalization over all devices; the output `var` holds the variance."""
    @staticmethod
    def allclose(a: Symbol | None = None, b: Symbol | None = None, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 if abs(a - b) <= atol + rtol * abs(b) everywhere, otherwise 0, as uint8."""
    @staticmethod
    def arange_like(data: Symbol | None = None, start: float = 0.0, step: float = 1.0, repeat: int = 1, ctx: str = '', axis: int | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Evenly spaced values, as many as data has elements, or as long as one of its axes; each value `repeat` times."""
    @staticmethod
    def backward_gradientmultiplier(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data * scalar, a gradient of another operator."""
    @staticmethod
    def backward_hawkesll(ograd: Symbol | None = None, ograd_state: Symbol | None = None, lda: Symbol | None = None, alpha: Symbol | None = None, beta: Symbol | None = None, state: Symbol | None = None, lags: Symbol | None = None, marks: Symbol | None = None, valid_length: Symbol | None = None, max_time: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The gradient of _contrib_hawkesll, which reaches lda, alpha and beta; zeros for the other inputs."""
    @staticmethod
    def backward_index_copy(ograd: Symbol | None = None, old_tensor: Symbol | None = None, index_vector: Symbol | None = None, new_tensor: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The gradient of _contrib_index_copy: where rows were replaced it goes to new_tensor, elsewhere to old_tensor."""
    @staticmethod
    def backward_quadratic(ograd: Symbol | None = None, data: Symbol | None = None, a: float = 0.0, b: float = 0.0, c: float = 0.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The gradient of _contrib_quadratic: ograd * (2 * a * data + b)."""
    @staticmethod
    def bipartite_matching(data: Symbol | None = None, is_ascend: Flag = False, threshold: float = ..., topk: int = -1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Greedy one-to-one matching by a matrix of scores."""
    @staticmethod
    def boolean_mask(data: Symbol | None = None, index: Symbol | None = None, axis: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The slices of the first axis where `index` is not zero."""
    @staticmethod
    def box_decode(data: Symbol | None = None, anchors: Symbol | None = None, std0: float = 1.0, std1: float = 1.0, std2: float = 1.0, std3: float = 1.0, clip: float = -1.0, format: Literal['corner', 'center'] | str = 'center', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Boxes (xmin, ymin, xmax, ymax) from predicted offsets to anchors."""
    @staticmethod
    def box_encode(samples: Symbol | None = None, matches: Symbol | None = None, anchors: Symbol | None = None, refs: Symbol | None = None, means: Symbol | None = None, stds: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Regression targets of anchors from the boxes they are matched with."""
    @staticmethod
    def box_iou(lhs: Symbol | None = None, rhs: Symbol | None = None, format: Literal['corner', 'center'] | str = 'corner', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Intersection over union of every pair of boxes."""
    @staticmethod
    def box_nms(data: Symbol | None = None, overlap_thresh: float = 0.5, valid_thresh: float = 0.0, topk: int = -1, coord_start: int = 2, score_index: int = 1, id_index: int = -1, background_id: int = -1, force_suppress: Flag = False, in_format: Literal['corner', 'center'] | str = 'corner', out_format: Literal['corner', 'center'] | str = 'corner', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Greedy non-maximum suppression of scored boxes."""
    box_non_maximum_suppression = box_nms
    @staticmethod
    def calibrate_entropy(hist: Symbol | None = None, hist_edges: Symbol | None = None, num_quantized_bins: int = 255, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The threshold at which clipped and quantised data differ least, by Kullback and Leibler, from the data."""
    @staticmethod
    def count_sketch(data: Symbol | None = None, h: Symbol | None = None, s: Symbol | None = None, out_dim: int = ..., processing_batch_size: int = 32, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Count sketch: entry i, with the sign s[i], is added to entry h[i] of the output; only the data gets a gradient."""
    ctc_loss = CTCLoss
    @staticmethod
    def dequantize(data: Symbol | None = None, min_range: Symbol | None = None, max_range: Symbol | None = None, out_type: Literal['float32'] | str = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """float32 numbers for 8-bit ones."""
    @staticmethod
    def div_sqrt_dim(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data / sqrt(d), with d the size of the last axis, as attention scores are scaled."""
    @staticmethod
    def fft(data: Symbol | None = None, compute_size: int = 128, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The discrete Fourier transform along the last axis, real and imaginary parts side by side."""
    @staticmethod
    def getnnz(data: Symbol | None = None, axis: int | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Number of values that are not zero, in all or along an axis (MXNet: of stored values of a csr matrix)."""
    @staticmethod
    def gradientmultiplier(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data, whose gradient is multiplied by `scalar` (negative: gradient reversal)."""
    @staticmethod
    def group_adagrad_update(weight: Symbol | None = None, grad: Symbol | None = None, history: Symbol | None = None, lr: float = ..., rescale_grad: float = 1.0, clip_gradient: float = -1.0, epsilon: float = 1e-05, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """AdaGrad with one learning rate for every row."""
    @staticmethod
    def hawkesll(lda: Symbol | None = None, alpha: Symbol | None = None, beta: Symbol | None = None, state: Symbol | None = None, lags: Symbol | None = None, marks: Symbol | None = None, valid_length: Symbol | None = None, max_time: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Log likelihood of marked Hawkes processes with exponential decay, and their state at the end."""
    @staticmethod
    def ifft(data: Symbol | None = None, compute_size: int = 128, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The real part of the inverse Fourier transform along the last axis, not divided by the length, as in MXNet."""
    @staticmethod
    def index_array(data: Symbol | None = None, axes: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The index of every element along the axes asked for (all by default)."""
    @staticmethod
    def index_copy(old_tensor: Symbol | None = None, index_vector: Symbol | None = None, new_tensor: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """old_tensor with the rows at index_vector replaced by those of new_tensor."""
    @staticmethod
    def interleaved_matmul_encdec_qk(queries: Symbol | None = None, keys_values: Symbol | None = None, heads: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Attention scores between two sequences."""
    @staticmethod
    def interleaved_matmul_encdec_valatt(keys_values: Symbol | None = None, attention: Symbol | None = None, heads: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sums of the values of one sequence weighted by the attention of another."""
    @staticmethod
    def interleaved_matmul_selfatt_qk(queries_keys_values: Symbol | None = None, heads: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Attention scores of a sequence with itself, from one projection that holds query, key and value by head."""
    @staticmethod
    def interleaved_matmul_selfatt_valatt(queries_keys_values: Symbol | None = None, attention: Symbol | None = None, heads: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sums of the values weighted by attention, for a sequence with itself."""
    @staticmethod
    def quadratic(data: Symbol | None = None, a: float = 0.0, b: float = 0.0, c: float = 0.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """a * data^2 + b * data + c."""
    @staticmethod
    def quantize(data: Symbol | None = None, min_range: Symbol | None = None, max_range: Symbol | None = None, out_type: Literal['int8', 'uint8'] | str = 'uint8', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """8-bit numbers for float32 ones, by a range that is given."""
    @staticmethod
    def quantize_asym(data: Symbol | None = None, min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """uint8 numbers x * scale + shift that use the whole range of the data."""
    @staticmethod
    def quantize_v2(data: Symbol | None = None, out_type: Literal['auto', 'int8', 'uint8'] | str = 'int8', min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """8-bit numbers for float32 ones, by a calibrated range or by that of the data."""
    @staticmethod
    def quantized_act(data: Symbol | None = None, min_data: Symbol | None = None, max_data: Symbol | None = None, act_type: Literal['relu', 'sigmoid', 'softrelu', 'softsign', 'tanh'] | str = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Rectified 8-bit numbers, as int8; `relu` is the only activation, as in MXNet."""
    @staticmethod
    def quantized_batch_norm(data: Symbol | None = None, gamma: Symbol | None = None, beta: Symbol | None = None, moving_mean: Symbol | None = None, moving_var: Symbol | None = None, min_data: Symbol | None = None, max_data: Symbol | None = None, eps: float = 0.001, momentum: float = 0.9, fix_gamma: Flag = True, use_global_stats: Flag = False, output_mean_var: Flag = False, axis: int = 1, cudnn_off: Flag = False, min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Batch normalization of 8-bit numbers by moving averages, into int8 of a calibrated range."""
    @staticmethod
    def quantized_concat(*data: Symbol | Sequence[Symbol], num_args: int, dim: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Joins 8-bit tensors along an axis, rescaled to a common range; int8 if any is int8."""
    @staticmethod
    def quantized_conv(data: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, min_data: Symbol | None = None, max_data: Symbol | None = None, min_weight: Symbol | None = None, max_weight: Symbol | None = None, min_bias: Symbol | None = None, max_bias: Symbol | None = None, kernel: Ints = ..., stride: Ints = (), dilate: Ints = (), pad: Ints = (), num_filter: int = ..., num_group: int = 1, workspace: int = 1024, no_bias: Flag = False, cudnn_tune: Literal['fastest', 'limited_workspace', 'off'] | str | None = None, cudnn_off: Flag = False, layout: Literal['NCDHW', 'NCHW', 'NCW', 'NDHWC', 'NHWC'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Convolution of 8-bit data with int8 weights into int32."""
    @staticmethod
    def quantized_elemwise_add(lhs: Symbol | None = None, rhs: Symbol | None = None, lhs_min: Symbol | None = None, lhs_max: Symbol | None = None, rhs_min: Symbol | None = None, rhs_max: Symbol | None = None, min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sum of 8-bit numbers, into int32, or into 8 bits by a calibrated range."""
    @staticmethod
    def quantized_elemwise_mul(lhs: Symbol | None = None, rhs: Symbol | None = None, lhs_min: Symbol | None = None, lhs_max: Symbol | None = None, rhs_min: Symbol | None = None, rhs_max: Symbol | None = None, min_calib_range: float | None = None, max_calib_range: float | None = None, enable_float_output: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Product of int8 numbers, into int32, into int8 by a calibrated range, or into float32."""
    @staticmethod
    def quantized_embedding(data: Symbol | None = None, weight: Symbol | None = None, min_weight: Symbol | None = None, max_weight: Symbol | None = None, input_dim: int = ..., output_dim: int = ..., dtype: Literal['bfloat16', 'float16', 'float32', 'float64', 'int32', 'int64', 'int8', 'uint8'] | str = 'float32', sparse_grad: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Rows of an int8 table by index; indices outside it are moved to its ends."""
    @staticmethod
    def quantized_flatten(data: Symbol | None = None, min_data: Symbol | None = None, max_data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Quantised tensors with one row per sample."""
    @staticmethod
    def quantized_fully_connected(data: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, min_data: Symbol | None = None, max_data: Symbol | None = None, min_weight: Symbol | None = None, max_weight: Symbol | None = None, min_bias: Symbol | None = None, max_bias: Symbol | None = None, num_hidden: int = ..., no_bias: Flag = False, flatten: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Affine map of 8-bit data with int8 weights into int32."""
    @staticmethod
    def quantized_pooling(data: Symbol | None = None, min_data: Symbol | None = None, max_data: Symbol | None = None, kernel: Ints = (), pool_type: Literal['avg', 'lp', 'max', 'sum'] | str = 'max', global_pool: Flag = False, cudnn_off: Flag = False, pooling_convention: Literal['full', 'same', 'valid'] | str = 'valid', stride: Ints = (), pad: Ints = (), p_value: int | None = None, count_include_pad: Flag | None = None, layout: Literal['NCDHW', 'NCHW', 'NCW', 'NDHWC', 'NHWC', 'NWC'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`Pooling` of 8-bit numbers by maximum or average; averages are rounded half to even."""
    @staticmethod
    def quantized_rnn(data: Symbol | None = None, parameters: Symbol | None = None, state: Symbol | None = None, state_cell: Symbol | None = None, min_data: Symbol | None = None, max_data: Symbol | None = None, state_size: int = ..., num_layers: int = ..., bidirectional: Flag = False, mode: Literal['gru', 'lstm', 'rnn_relu', 'rnn_tanh'] | str = ..., p: float = 0.0, state_outputs: Flag = False, projection_size: int | None = None, lstm_state_clip_min: float | None = None, lstm_state_clip_max: float | None = None, lstm_state_clip_nan: Flag = False, use_sequence_length: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """LSTM layers over a sequence of uint8 numbers made by `quantize_asym`."""
    @staticmethod
    def requantize(data: Symbol | None = None, min_range: Symbol | None = None, max_range: Symbol | None = None, out_type: Literal['auto', 'int8', 'uint8'] | str = 'int8', min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """8-bit numbers for int32 ones, by a calibrated range or by that of the data."""
    @staticmethod
    def round_ste(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The nearest whole number, halves away from zero, with the gradient of the identity (straight-through)."""
    @staticmethod
    def sign_ste(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """-1, 0 or 1, with the gradient of the identity (straight-through)."""
    @staticmethod
    def foreach(body: Any, data: Any, init_states: Any, name: Any = 'foreach') -> Any:
        """Runs `body(slice, states) -> (outputs, new states)` over the first axis of the data."""
    @staticmethod
    def while_loop(cond: Any, func: Any, loop_vars: Any, max_iterations: Any = None, name: Any = 'while_loop') -> Any:
        """Runs `func(*loop_vars) -> (outputs, new loop_vars)` while `cond(*loop_vars)` is not 0."""
    @staticmethod
    def cond(pred: Any, then_func: Any, else_func: Any, name: Any = 'cond') -> Any:
        """`then_func()` where `pred` is not 0, `else_func()` where it is."""
    @staticmethod
    def rand_zipfian(true_classes: Any, num_sampled: Any, range_max: Any, ctx: Any = None) -> Any:
        """Draws classes from a log-uniform distribution over [0, range_max), with the expected counts."""
    @staticmethod
    def isinf(data: Any) -> Any:
        """1 where the data is infinite, 0 elsewhere."""
    @staticmethod
    def isfinite(data: Any) -> Any:
        """1 where the data is a finite number, 0 elsewhere."""
    @staticmethod
    def isnan(data: Any) -> Any:
        """1 where the data is no number, 0 elsewhere."""
    @staticmethod
    def adamw_update(weight: Any, grad: Any, mean: Any, var: Any, rescale_grad: Any, lr: Any, eta: Any, **kwargs: Any) -> Any:
        """AdamW on one weight; `rescale_grad` is a number or a tensor (1,), 0 or infinite to skip the step."""
    @staticmethod
    def mp_adamw_update(weight: Any, grad: Any, mean: Any, var: Any, weight32: Any, rescale_grad: Any, lr: Any, eta: Any, **kwargs: Any) -> Any:
        """`adamw_update` of a half-precision weight with its float32 copy."""
    @staticmethod
    def multi_adamw_update(weights: Any, grads: Any, mean: Any, var: Any, rescale_grad: Any, lrs: Any, wds: Any, etas: Any, size: Any = 0, **kwargs: Any) -> Any:
        """AdamW on several weights at once, each with its learning rate, weight decay and schedule multiplier."""
    @staticmethod
    def multi_mp_adamw_update(weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, rescale_grad: Any, lrs: Any, wds: Any, etas: Any, size: Any = 0, **kwargs: Any) -> Any:
        """`multi_adamw_update` of half-precision weights with their float32 copies."""
    @staticmethod
    def multi_lamb_update(weights: Any, grads: Any, mean: Any, var: Any, step_count: Any, lrs: Any, wds: Any, num_tensors: Any = 0, **kwargs: Any) -> Any:
        """LAMB on several weights at once, each with its step, learning rate and weight decay."""
    @staticmethod
    def multi_mp_lamb_update(weights: Any, grads: Any, mean: Any, var: Any, weights32: Any, step_count: Any, lrs: Any, wds: Any, num_tensors: Any = 0, **kwargs: Any) -> Any:
        """`multi_lamb_update` of half-precision weights with their float32 copies."""

class linalg:
    @staticmethod
    def det(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The determinant of square matrices; singular ones give no gradient."""
    @staticmethod
    def extractdiag(A: Symbol | None = None, offset: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """A diagonal of every matrix; positive offsets are above the main one."""
    @staticmethod
    def extracttrian(A: Symbol | None = None, offset: int = 0, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """A triangle of every matrix as a vector, a lower one row by row, an upper one column by column."""
    @staticmethod
    def gelqf(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The LQ factorization A = L Q of full rank matrices with no more rows than columns."""
    @staticmethod
    def gemm(A: Symbol | None = None, B: Symbol | None = None, C: Symbol | None = None, transpose_a: Flag = False, transpose_b: Flag = False, alpha: float = 1.0, beta: float = 1.0, axis: int = -2, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """alpha op(A) op(B) + beta C."""
    @staticmethod
    def gemm2(A: Symbol | None = None, B: Symbol | None = None, transpose_a: Flag = False, transpose_b: Flag = False, alpha: float = 1.0, axis: int = -2, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """alpha op(A) op(B)."""
    @staticmethod
    def inverse(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The inverse of square matrices."""
    @staticmethod
    def makediag(A: Symbol | None = None, offset: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Matrices with the input on one diagonal and 0 elsewhere."""
    @staticmethod
    def maketrian(A: Symbol | None = None, offset: int = 0, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Matrices with the input on one triangle and 0 elsewhere; the inverse of extracttrian."""
    @staticmethod
    def potrf(A: Symbol | None = None, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The Cholesky factor B of symmetric positive definite matrices: A = B Bᵀ, or Bᵀ B with `lower` off."""
    @staticmethod
    def potri(A: Symbol | None = None, lower: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The inverse of a matrix from its Cholesky factor A: (A Aᵀ)⁻¹, or (Aᵀ A)⁻¹ with `lower` off."""
    @staticmethod
    def slogdet(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sign and logarithm of the magnitude of the determinant; the sign and singular matrices give no gradient."""
    @staticmethod
    def sumlogdiag(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The sum of the logarithms of the diagonal."""
    @staticmethod
    def syevd(A: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Eigenvectors and eigenvalues of symmetric matrices: A = Uᵀ diag(L) U."""
    @staticmethod
    def syrk(A: Symbol | None = None, transpose: Flag = False, alpha: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """alpha A Aᵀ, or alpha Aᵀ A with `transpose`."""
    @staticmethod
    def trmm(A: Symbol | None = None, B: Symbol | None = None, transpose: Flag = False, rightside: Flag = False, lower: Flag = True, alpha: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """alpha op(A) B, or alpha B op(A) with `rightside`, where only a triangle of A counts."""
    @staticmethod
    def trsm(A: Symbol | None = None, B: Symbol | None = None, transpose: Flag = False, rightside: Flag = False, lower: Flag = True, alpha: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The X with op(A) X = alpha B, or X op(A) = alpha B with `rightside`, where only a triangle of A counts."""

class random:
    @staticmethod
    def exponential_like(data: Symbol | None = None, lam: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Exponential samples in the shape and type of the data."""
    @staticmethod
    def gamma_like(data: Symbol | None = None, alpha: float = 1.0, beta: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Gamma samples in the shape and type of the data."""
    @staticmethod
    def generalized_negative_binomial_like(data: Symbol | None = None, mu: float = 1.0, alpha: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Negative binomial samples by mean and dispersion, in the shape and type of the data."""
    @staticmethod
    def negative_binomial_like(data: Symbol | None = None, k: int = 1, p: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Negative binomial samples in the shape and type of the data."""
    @staticmethod
    def normal_like(data: Symbol | None = None, loc: float = 0.0, scale: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Normal samples in the shape and type of the data."""
    @staticmethod
    def poisson_like(data: Symbol | None = None, lam: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Poisson samples in the shape and type of the data."""
    @staticmethod
    def uniform_like(data: Symbol | None = None, low: float = 0.0, high: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Uniform samples in [low, high), in the shape and type of the data."""
    @staticmethod
    def uniform(low: Any = 0, high: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Uniform samples in [low, high); for tensors, `shape` samples for every pair of bounds."""
    @staticmethod
    def normal(loc: Any = 0, scale: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Normal samples; for tensors, `shape` samples for every mean and standard deviation."""
    @staticmethod
    def randn(*shape: Any, **kwargs: Any) -> Any:
        """Normal samples of a shape given by numbers: `randn(2, 3, loc=0, scale=1)`."""
    @staticmethod
    def poisson(lam: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Poisson samples with mean `lam`; for a tensor, `shape` samples for every mean."""
    @staticmethod
    def exponential(scale: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Exponential samples with mean `scale`; for a tensor, `shape` samples for every mean."""
    @staticmethod
    def gamma(alpha: Any = 1, beta: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Gamma samples with shape `alpha` and scale `beta`; for tensors, `shape` samples for every pair."""
    @staticmethod
    def negative_binomial(k: Any = 1, p: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Negative binomial samples: failures before the k-th success of probability p."""
    @staticmethod
    def generalized_negative_binomial(mu: Any = 1, alpha: Any = 1, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Negative binomial samples with mean `mu` and dispersion `alpha`."""
    @staticmethod
    def multinomial(data: Any, shape: Any = None, get_prob: Any = None, dtype: Any = 'int32', **kwargs: Any) -> Any:
        """Classes drawn from rows of probabilities; with `get_prob` (on by default for symbols) their log probabilities."""
    @staticmethod
    def shuffle(data: Any, **kwargs: Any) -> Any:
        """The data in random order along the first axis."""
    @staticmethod
    def randint(low: Any, high: Any, shape: Any = None, dtype: Any = None, **kwargs: Any) -> Any:
        """Whole numbers in [low, high)."""

class image:
    @staticmethod
    def adjust_lighting(data: Symbol | None = None, alpha: Floats = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image with a colour added, in units of ImageNet's principal components (Krizhevsky et al. 2012)."""
    @staticmethod
    def crop(data: Symbol | None = None, x: int = ..., y: int = ..., width: int = ..., height: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """A part of images, from its top left corner (x, y)."""
    @staticmethod
    def flip_left_right(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The mirror image."""
    @staticmethod
    def flip_top_bottom(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image upside down."""
    @staticmethod
    def normalize(data: Symbol | None = None, mean: Floats = (0.0, 0.0, 0.0, 0.0), std: Floats = (1.0, 1.0, 1.0, 1.0), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Channels less their mean, over their standard deviation."""
    @staticmethod
    def random_brightness(data: Symbol | None = None, min_factor: float = ..., max_factor: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image times a random factor."""
    @staticmethod
    def random_color_jitter(data: Symbol | None = None, brightness: float = ..., contrast: float = ..., saturation: float = ..., hue: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Random changes of brightness, contrast, saturation and hue, in random order."""
    @staticmethod
    def random_contrast(data: Symbol | None = None, min_factor: float = ..., max_factor: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image drawn towards or away from its mean gray by a random factor."""
    @staticmethod
    def random_flip_left_right(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image or its mirror image, by the toss of a coin."""
    @staticmethod
    def random_flip_top_bottom(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image, or upside down, by the toss of a coin."""
    @staticmethod
    def random_hue(data: Symbol | None = None, min_factor: float = ..., max_factor: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image with its hues turned by a random part of the circle."""
    @staticmethod
    def random_lighting(data: Symbol | None = None, alpha_std: float = 0.05, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`_image_adjust_lighting` by normal random numbers."""
    @staticmethod
    def random_saturation(data: Symbol | None = None, min_factor: float = ..., max_factor: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image drawn towards or away from gray, pixel by pixel, by a random factor."""
    @staticmethod
    def resize(data: Symbol | None = None, size: Ints = (), keep_ratio: Flag = False, interp: int = 1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Images in another size, as OpenCV resizes them."""
    @staticmethod
    def to_tensor(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Images with channels first and values from 0 to 1."""

class sparse:
    @staticmethod
    def ElementWiseSum(*args: Symbol | Sequence[Symbol], name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The sum of any number of arrays."""
    @staticmethod
    def Embedding(data: Symbol | None = None, weight: Symbol | None = None, input_dim: int = ..., output_dim: int = ..., dtype: Literal['bfloat16', 'float16', 'float32', 'float64', 'int32', 'int64', 'int8', 'uint8'] | str = 'float32', sparse_grad: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The row of `weight` for each index in `data`."""
    @staticmethod
    def FullyConnected(data: Symbol | None = None, weight: Symbol | None = None, bias: Symbol | None = None, num_hidden: int = ..., no_bias: Flag = False, flatten: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Affine map :math:`Y = X W^\\top + b`."""
    @staticmethod
    def LinearRegressionOutput(data: Symbol | None = None, label: Symbol | None = None, grad_scale: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The data itself, with the gradient of half the squared error: (data - label) * grad_scale / outputs."""
    @staticmethod
    def LogisticRegressionOutput(data: Symbol | None = None, label: Symbol | None = None, grad_scale: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The sigmoid of the data, with the gradient of the cross entropy: (output - label) * grad_scale / outputs."""
    @staticmethod
    def MAERegressionOutput(data: Symbol | None = None, label: Symbol | None = None, grad_scale: float = 1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The data itself, with the gradient of the absolute error: its sign (-1 at 0) * grad_scale / outputs."""
    @staticmethod
    def _contrib_round_ste(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The nearest whole number, halves away from zero, with the gradient of the identity (straight-through)."""
    @staticmethod
    def _contrib_sign_ste(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """-1, 0 or 1, with the gradient of the identity (straight-through)."""
    @staticmethod
    def abs(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Absolute value, slope 0 at 0."""
    @staticmethod
    def adagrad_update(weight: Symbol | None = None, grad: Symbol | None = None, history: Symbol | None = None, lr: float = ..., epsilon: float = 1e-07, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """AdaGrad (Duchi et al. 2011); `wd` must be 0."""
    @staticmethod
    def adam_update(weight: Symbol | None = None, grad: Symbol | None = None, mean: Symbol | None = None, var: Symbol | None = None, lr: float = ..., beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Adam (Kingma and Ba 2014), its bias correction left to `lr`."""
    add_n = ElementWiseSum
    @staticmethod
    def arccos(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse cosine, in radians."""
    @staticmethod
    def arccosh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse hyperbolic cosine, NaN below 1."""
    @staticmethod
    def arcsin(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse sine, in radians."""
    @staticmethod
    def arcsinh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse hyperbolic sine."""
    @staticmethod
    def arctan(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse tangent, in radians."""
    @staticmethod
    def arctanh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse hyperbolic tangent."""
    @staticmethod
    def broadcast_add(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs + rhs with broadcasting."""
    @staticmethod
    def broadcast_div(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs / rhs with broadcasting; whole numbers are cut towards zero."""
    @staticmethod
    def broadcast_minus(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs - rhs with broadcasting."""
    @staticmethod
    def broadcast_mul(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs * rhs with broadcasting."""
    broadcast_plus = broadcast_add
    broadcast_sub = broadcast_minus
    @staticmethod
    def cast_storage(data: Symbol | None = None, stype: Literal['csr', 'default', 'row_sparse'] | str = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data itself: every array is dense here, whatever storage type is asked for."""
    @staticmethod
    def cbrt(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Cube root, of negative numbers too."""
    @staticmethod
    def ceil(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number upwards. No gradient."""
    @staticmethod
    def clip(data: Symbol | None = None, a_min: float = ..., a_max: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Values below a_min become a_min, values above a_max become a_max; slope 1 at the bounds, 0 outside."""
    @staticmethod
    def concat(*data: Symbol | Sequence[Symbol], dim: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Joins arrays along one axis."""
    @staticmethod
    def cos(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Cosine of radians."""
    @staticmethod
    def cosh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Hyperbolic cosine."""
    @staticmethod
    def degrees(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Radians to degrees."""
    @staticmethod
    def dot(lhs: Symbol | None = None, rhs: Symbol | None = None, transpose_a: Flag = False, transpose_b: Flag = False, forward_stype: Literal['csr', 'default', 'row_sparse'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sums over lhs's last axis and rhs's first."""
    @staticmethod
    def elemwise_add(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs + rhs, element by element."""
    @staticmethod
    def elemwise_div(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs / rhs; whole numbers are cut towards zero."""
    @staticmethod
    def elemwise_mul(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs * rhs, element by element."""
    @staticmethod
    def elemwise_sub(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs - rhs, element by element."""
    @staticmethod
    def exp(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """e to the power of data."""
    @staticmethod
    def expm1(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """exp(data) - 1, exact near 0."""
    @staticmethod
    def fix(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number towards zero. No gradient."""
    @staticmethod
    def floor(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number downwards. No gradient."""
    @staticmethod
    def ftrl_update(weight: Symbol | None = None, grad: Symbol | None = None, z: Symbol | None = None, n: Symbol | None = None, lr: float = ..., lamda1: float = 0.01, beta: float = 1.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Follow the regularised leader (McMahan et al. 2013)."""
    @staticmethod
    def gamma(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The gamma function."""
    @staticmethod
    def gammaln(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Logarithm of abs(gamma(data))."""
    @staticmethod
    def log(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Natural logarithm."""
    @staticmethod
    def log10(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Logarithm to base 10."""
    @staticmethod
    def log1p(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """log(1 + data), exact near 0."""
    @staticmethod
    def log2(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Logarithm to base 2."""
    @staticmethod
    def make_loss(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data as a loss: its gradient is 1 everywhere, whatever comes from above."""
    @staticmethod
    def mean(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Mean over `axis`, over all axes when none is named, or over all others with `exclude`."""
    @staticmethod
    def negative(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """-data."""
    @staticmethod
    def norm(data: Symbol | None = None, ord: int = 2, axis: Ints | None = None, out_dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'int8'] | str | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sum of absolute values (ord 1) or root of the sum of squares (ord 2) over `axis`, over all axes by default."""
    @staticmethod
    def radians(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Degrees to radians."""
    @staticmethod
    def relu(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """max(data, 0); NaN stays NaN, slope 0 at 0."""
    @staticmethod
    def retain(data: Symbol | None = None, indices: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data with every row but those at `indices` set to zero (MXNet: of a row_sparse array)."""
    @staticmethod
    def rint(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The nearest whole number, halves downwards (1.5 to 1, -1.5 to -2). No gradient."""
    @staticmethod
    def round(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The nearest whole number, halves away from zero. No gradient."""
    @staticmethod
    def rsqrt(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 / sqrt(data)."""
    @staticmethod
    def sgd_mom_update(weight: Symbol | None = None, grad: Symbol | None = None, mom: Symbol | None = None, lr: float = ..., momentum: float = 0.0, wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Gradient descent with momentum: m = momentum * m - lr * (grad + wd * w), w + m."""
    @staticmethod
    def sgd_update(weight: Symbol | None = None, grad: Symbol | None = None, lr: float = ..., wd: float = 0.0, rescale_grad: float = 1.0, clip_gradient: float = -1.0, lazy_update: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Gradient descent: w - lr * (clip(rescale_grad * grad) + wd * w)."""
    @staticmethod
    def sigmoid(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 / (1 + exp(-data))."""
    @staticmethod
    def sign(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """-1, 0 or 1, 0 for NaN; slope 0 everywhere."""
    @staticmethod
    def sin(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sine of radians."""
    @staticmethod
    def sinh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Hyperbolic sine."""
    @staticmethod
    def slice(data: Symbol | None = None, begin: Sequence[int | None] | int | None = ..., end: Sequence[int | None] | int | None = ..., step: Sequence[int | None] | int | None = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The part begin:end:step of each of the first axes."""
    @staticmethod
    def sqrt(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Square root."""
    @staticmethod
    def square(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data * data."""
    @staticmethod
    def stop_gradient(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data, through which no gradient passes."""
    @staticmethod
    def sum(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sum over `axis`, over all axes when none is named, or over all others with `exclude`."""
    @staticmethod
    def tan(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Tangent of radians."""
    @staticmethod
    def tanh(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Hyperbolic tangent."""
    @staticmethod
    def trunc(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number towards zero. No gradient."""
    @staticmethod
    def where(condition: Symbol | None = None, x: Symbol | None = None, y: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Elements of x where condition is not 0, of y elsewhere; condition has no gradient."""
    @staticmethod
    def zeros_like(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Zeros."""

class _internal:
    @staticmethod
    def _CrossDeviceCopy(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The same array on another device; where arrays lie is JAX's business here."""
    @staticmethod
    def _Div(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs / rhs; whole numbers are cut towards zero."""
    @staticmethod
    def _DivScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data / scalar; whole numbers are cut towards zero."""
    @staticmethod
    def _Equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where lhs == rhs and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _EqualScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where data == scalar and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _Greater(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where lhs > rhs and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _GreaterEqualScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where data >= scalar and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _GreaterScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where data > scalar and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _Greater_Equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where lhs >= rhs and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _Hypot(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """sqrt(lhs^2 + rhs^2), without overflow."""
    @staticmethod
    def _HypotScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """sqrt(data^2 + scalar^2), without overflow."""
    @staticmethod
    def _Lesser(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where lhs < rhs and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _LesserEqualScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where data <= scalar and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _LesserScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where data < scalar and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _Lesser_Equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where lhs <= rhs and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _LogicalAndScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where both are not 0 and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _LogicalOrScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where one of them is not 0 and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _LogicalXorScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where exactly one of them is not 0 and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _Logical_And(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where both are not 0 and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _Logical_Or(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where one of them is not 0 and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _Logical_Xor(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where exactly one of them is not 0 and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _Maximum(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The larger of lhs and rhs; the gradient of a tie goes to lhs."""
    @staticmethod
    def _MaximumScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The larger of both; slope 1 at a tie."""
    @staticmethod
    def _Minimum(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The smaller of lhs and rhs; the gradient of a tie goes to lhs."""
    @staticmethod
    def _MinimumScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The smaller of both; slope 1 at a tie."""
    @staticmethod
    def _Minus(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs - rhs, element by element."""
    @staticmethod
    def _MinusScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data - scalar."""
    @staticmethod
    def _Mod(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The remainder of lhs / rhs with the sign of rhs, 0 where rhs is 0."""
    @staticmethod
    def _ModScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The remainder of data / scalar with the sign of scalar, 0 if that is 0."""
    @staticmethod
    def _Mul(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs * rhs, element by element."""
    @staticmethod
    def _MulScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data * scalar."""
    @staticmethod
    def _NotEqualScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where data != scalar and 0 elsewhere, in the type of the output; no gradient."""
    @staticmethod
    def _Not_Equal(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 where lhs != rhs and 0 elsewhere, in the type of the inputs; no gradient."""
    @staticmethod
    def _Plus(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs + rhs, element by element."""
    @staticmethod
    def _PlusScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data + scalar."""
    @staticmethod
    def _Power(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs to the power of rhs."""
    @staticmethod
    def _PowerScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data to the power of scalar."""
    @staticmethod
    def _RDivScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """scalar / data; whole numbers are cut towards zero."""
    @staticmethod
    def _RMinusScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """scalar - data."""
    @staticmethod
    def _RModScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The remainder of scalar / data with the sign of data."""
    @staticmethod
    def _RPowerScalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """scalar to the power of data."""
    @staticmethod
    def _adamw_update(weight: Symbol | None = None, grad: Symbol | None = None, mean: Symbol | None = None, var: Symbol | None = None, rescale_grad: Symbol | None = None, lr: float = ..., beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, eta: float = ..., clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Adam with decoupled weight decay (Loshchilov and Hutter 2017)."""
    _add = _Plus
    @staticmethod
    def _arange(start: float = ..., stop: float | None = None, step: float = 1.0, repeat: int = 1, infer_range: Flag = False, ctx: str = '', dtype: DTypeLike = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Evenly spaced values from start to stop, each `repeat` times; a single number is the stop."""
    @staticmethod
    def _broadcast_backward(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The gradient of a broadcast: the sum over the axes that it stretched."""
    @staticmethod
    def _cond(*data: Symbol | Sequence[Symbol], num_outputs: int, cond_input_locs: Ints, then_input_locs: Ints, else_input_locs: Ints, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """One of two subgraphs, chosen by a third; use `contrib.cond`."""
    @staticmethod
    def _copy(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data itself."""
    @staticmethod
    def _copyto(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data itself, to be written to `out=`."""
    @staticmethod
    def _crop_assign(lhs: Symbol | None = None, rhs: Symbol | None = None, begin: Sequence[int | None] | int | None = ..., end: Sequence[int | None] | int | None = ..., step: Sequence[int | None] | int | None = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs with the part that `slice` would return replaced by rhs."""
    @staticmethod
    def _crop_assign_scalar(data: Symbol | None = None, scalar: float = 0.0, begin: Sequence[int | None] | int | None = ..., end: Sequence[int | None] | int | None = ..., step: Sequence[int | None] | int | None = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data with every element of the part that `slice` would return set to `scalar`."""
    @staticmethod
    def _cvcopyMakeBorder(data: Symbol | None = None, top: int = ..., bot: int = ..., left: int = ..., right: int = ..., type: int = 0, value: float = 0.0, values: Floats = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """An image with a border, as OpenCV makes it."""
    @staticmethod
    def _cvimdecode(data: Symbol | None = None, flag: int = 1, to_rgb: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image in the bytes of a JPEG, PNG or other file, read by Pillow."""
    @staticmethod
    def _cvimread(filename: str = ..., flag: int = 1, to_rgb: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The image in a file, read by Pillow."""
    @staticmethod
    def _cvimresize(data: Symbol | None = None, w: int = ..., h: int = ..., interp: int = 1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """An image in another size, as OpenCV resizes it."""
    _div = _Div
    _div_scalar = _DivScalar
    _equal = _Equal
    _equal_scalar = _EqualScalar
    @staticmethod
    def _eye(N: int = ..., M: int = 0, k: int = 0, ctx: str = '', dtype: DTypeLike = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Ones on the k-th diagonal of an N by M matrix (M = 0: square), zeros elsewhere."""
    @staticmethod
    def _foreach(*data: Symbol | Sequence[Symbol], num_outputs: int, num_out_data: int, in_state_locs: Ints, in_data_locs: Ints, remain_locs: Ints, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """A loop over the first axis of its data, as one `lax.scan`; use `contrib.foreach`."""
    @staticmethod
    def _full(shape: Ints | None = None, ctx: str = '', dtype: DTypeLike = 'float32', value: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """One value everywhere."""
    @staticmethod
    def _grad_add(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs + rhs, with which MXNet sums gradients."""
    _greater = _Greater
    _greater_equal = _Greater_Equal
    _greater_equal_scalar = _GreaterEqualScalar
    _greater_scalar = _GreaterScalar
    @staticmethod
    def _histogram(data: Symbol | None = None, bins: Symbol | None = None, bin_cnt: int | None = None, range: Floats | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Counts of values per bin, and the bins' bounds; the last bin includes its upper bound."""
    _hypot = _Hypot
    _hypot_scalar = _HypotScalar
    @staticmethod
    def _identity_with_attr_like_rhs(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs, with the shape and type of rhs known to be its own; rhs has no gradient."""
    _lesser = _Lesser
    _lesser_equal = _Lesser_Equal
    _lesser_equal_scalar = _LesserEqualScalar
    _lesser_scalar = _LesserScalar
    @staticmethod
    def _linspace(start: float = ..., stop: float = ..., num: int = ..., endpoint: Flag = True, ctx: str = '', dtype: DTypeLike = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`num` evenly spaced values from start to stop, stop included unless `endpoint` is off."""
    _logical_and = _Logical_And
    _logical_and_scalar = _LogicalAndScalar
    _logical_or = _Logical_Or
    _logical_or_scalar = _LogicalOrScalar
    _logical_xor = _Logical_Xor
    _logical_xor_scalar = _LogicalXorScalar
    _maximum = _Maximum
    _maximum_scalar = _MaximumScalar
    _minimum = _Minimum
    _minimum_scalar = _MinimumScalar
    _minus = _Minus
    _minus_scalar = _MinusScalar
    _mod = _Mod
    _mod_scalar = _ModScalar
    @staticmethod
    def _mp_adamw_update(weight: Symbol | None = None, grad: Symbol | None = None, mean: Symbol | None = None, var: Symbol | None = None, weight32: Symbol | None = None, rescale_grad: Symbol | None = None, lr: float = ..., beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wd: float = 0.0, eta: float = ..., clip_gradient: float = -1.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`_adamw_update` on a float32 copy of the weight."""
    _mul = _Mul
    _mul_scalar = _MulScalar
    @staticmethod
    def _multi_adamw_update(*data: Symbol | Sequence[Symbol], lrs: Floats, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wds: Floats, etas: Floats, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`_adamw_update` of several weights."""
    @staticmethod
    def _multi_lamb_update(*data: Symbol | Sequence[Symbol], learning_rates: Floats, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-06, wds: Floats, rescale_grad: float = 1.0, lower_bound: float = -1.0, upper_bound: float = -1.0, clip_gradient: float = -1.0, bias_correction: Flag = True, step_count: Ints, num_tensors: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Both phases of LAMB for several weights."""
    @staticmethod
    def _multi_mp_adamw_update(*data: Symbol | Sequence[Symbol], lrs: Floats, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-08, wds: Floats, etas: Floats, clip_gradient: float = -1.0, num_weights: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`_mp_adamw_update` of several weights."""
    @staticmethod
    def _multi_mp_lamb_update(*data: Symbol | Sequence[Symbol], learning_rates: Floats, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-06, wds: Floats, rescale_grad: float = 1.0, lower_bound: float = -1.0, upper_bound: float = -1.0, clip_gradient: float = -1.0, bias_correction: Flag = True, step_count: Ints, num_tensors: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`_multi_lamb_update` on float32 copies of the weights."""
    _not_equal = _Not_Equal
    _not_equal_scalar = _NotEqualScalar
    @staticmethod
    def _onehot_encode(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Rows of rhs's width that are one at lhs's indices, zero elsewhere; an old NDArray function."""
    @staticmethod
    def _ones(shape: Ints = (), ctx: str = '', dtype: DTypeLike = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """An array of ones."""
    _plus = _Plus
    _plus_scalar = _PlusScalar
    _power = _Power
    _power_scalar = _PowerScalar
    @staticmethod
    def _random_exponential(lam: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Exponential samples with rate `lam`."""
    @staticmethod
    def _random_gamma(alpha: float = 1.0, beta: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Gamma samples with shape `alpha` and scale `beta`."""
    @staticmethod
    def _random_generalized_negative_binomial(mu: float = 1.0, alpha: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Negative binomial samples with mean `mu` and dispersion `alpha`."""
    @staticmethod
    def _random_negative_binomial(k: int = 1, p: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Negative binomial samples: failures before the k-th success of probability p."""
    @staticmethod
    def _random_normal(loc: float = 0.0, scale: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Normal samples with mean `loc` and standard deviation `scale`."""
    @staticmethod
    def _random_pdf_dirichlet(sample: Symbol | None = None, alpha: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The density of a Dirichlet distribution."""
    @staticmethod
    def _random_pdf_exponential(sample: Symbol | None = None, lam: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The density of an exponential distribution with rate `lam`."""
    @staticmethod
    def _random_pdf_gamma(sample: Symbol | None = None, alpha: Symbol | None = None, beta: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The density of a gamma distribution with shape `alpha` and rate `beta` (a rate here, a scale in sampling)."""
    @staticmethod
    def _random_pdf_generalized_negative_binomial(sample: Symbol | None = None, mu: Symbol | None = None, alpha: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The probability of a negative binomial distribution given by mean and dispersion."""
    @staticmethod
    def _random_pdf_negative_binomial(sample: Symbol | None = None, k: Symbol | None = None, p: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The probability of a negative binomial distribution."""
    @staticmethod
    def _random_pdf_normal(sample: Symbol | None = None, mu: Symbol | None = None, sigma: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The density of a normal distribution."""
    @staticmethod
    def _random_pdf_poisson(sample: Symbol | None = None, lam: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The probability of a Poisson distribution with mean `lam`."""
    @staticmethod
    def _random_pdf_uniform(sample: Symbol | None = None, low: Symbol | None = None, high: Symbol | None = None, is_log: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The density of a uniform distribution; samples are taken to be inside."""
    @staticmethod
    def _random_poisson(lam: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Poisson samples with mean `lam`."""
    @staticmethod
    def _random_randint(low: int = ..., high: int = ..., shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'int32', 'int64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Whole numbers in [low, high)."""
    @staticmethod
    def _random_uniform(low: float = 0.0, high: float = 1.0, shape: Ints | None = None, ctx: str = '', dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Uniform samples in [low, high)."""
    @staticmethod
    def _ravel_multi_index(data: Symbol | None = None, shape: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Coordinates, one point a column, as positions in a flattened array of this shape."""
    _rdiv_scalar = _RDivScalar
    _rminus_scalar = _RMinusScalar
    _rmod_scalar = _RModScalar
    @staticmethod
    def _rnn_param_concat(*data: Symbol | Sequence[Symbol], dim: int = 1, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Joins the parameters of a recurrent network; one or two unknown sizes share what the output leaves over."""
    _rpower_scalar = _RPowerScalar
    @staticmethod
    def _sample_exponential(lam: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Exponential samples for every rate."""
    @staticmethod
    def _sample_gamma(alpha: Symbol | None = None, beta: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Gamma samples for every shape `alpha` and scale `beta`."""
    @staticmethod
    def _sample_generalized_negative_binomial(mu: Symbol | None = None, alpha: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Negative binomial samples for every mean `mu` and dispersion `alpha`."""
    @staticmethod
    def _sample_multinomial(data: Symbol | None = None, shape: Ints = (), get_prob: Flag = False, dtype: Literal['uint8', 'int32', 'float16', 'float32', 'float64'] | str = 'int32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Classes drawn from rows of probabilities, and with `get_prob` the logarithms of their probabilities."""
    @staticmethod
    def _sample_negative_binomial(k: Symbol | None = None, p: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Negative binomial samples for every number of successes k and probability p."""
    @staticmethod
    def _sample_normal(mu: Symbol | None = None, sigma: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Normal samples for every mean and standard deviation."""
    @staticmethod
    def _sample_poisson(lam: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Poisson samples for every mean."""
    @staticmethod
    def _sample_uniform(low: Symbol | None = None, high: Symbol | None = None, shape: Ints = (), dtype: Literal['None', 'float16', 'float32', 'float64'] | str | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Uniform samples in [low, high) for every pair of bounds."""
    @staticmethod
    def _sample_unique_zipfian(range_max: int = ..., shape: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Different classes from [0, range_max) with log-uniform probabilities, and how many draws it took to find them."""
    @staticmethod
    def _scatter_elemwise_div(lhs: Symbol | None = None, rhs: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs / rhs; MXNet's sparse variant, dense here."""
    @staticmethod
    def _scatter_minus_scalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data - scalar; MXNet's sparse variant, dense here."""
    @staticmethod
    def _scatter_plus_scalar(data: Symbol | None = None, scalar: float = 1.0, is_int: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data + scalar; MXNet's sparse variant, dense here."""
    @staticmethod
    def _scatter_set_nd(lhs: Symbol | None = None, rhs: Symbol | None = None, indices: Symbol | None = None, shape: Ints = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs with rhs written at the points whose coordinates are the columns of `indices`."""
    @staticmethod
    def _set_value(src: float = 0.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """One number everywhere: what `x[:] = number` is in graphs, or with `out=` on arrays."""
    @staticmethod
    def _sg_mkldnn_conv(*data: Symbol | Sequence[Symbol], with_bn: Flag = False, with_act: Flag = False, with_sum: Flag = False, with_postsum_act: Flag = False, quantized: Flag = False, min_calib_range: float | None = None, max_calib_range: float | None = None, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """A convolution fused with what follows it, from a graph that MXNet optimised for CPUs."""
    @staticmethod
    def _sg_mkldnn_fully_connected(*data: Symbol | Sequence[Symbol], quantized: Flag = False, enable_float_output: Flag = False, with_eltwise: Flag = False, min_calib_range: float | None = None, max_calib_range: float | None = None, channel_wise_quantize: Flag | None = None, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """An affine map fused with what follows it, from a graph that MXNet optimised for CPUs."""
    @staticmethod
    def _sg_mkldnn_selfatt_qk(queries_keys_values: Symbol | None = None, heads: int = ..., quantized: Flag = False, enable_float_output: Flag = False, min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`interleaved_matmul_selfatt_qk` from a graph that MXNet optimised for CPUs."""
    @staticmethod
    def _sg_mkldnn_selfatt_valatt(queries_keys_values: Symbol | None = None, attention: Symbol | None = None, heads: int = ..., quantized: Flag = False, enable_float_output: Flag = False, min_calib_range: float | None = None, max_calib_range: float | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """`interleaved_matmul_selfatt_valatt` from a graph that MXNet optimised for CPUs."""
    @staticmethod
    def _shuffle(data: Symbol | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The data in random order along the first axis."""
    _slice_assign = _crop_assign
    _slice_assign_scalar = _crop_assign_scalar
    @staticmethod
    def _split_v2(data: Symbol | None = None, indices: Ints = ..., axis: int = 1, squeeze_axis: Flag = False, sections: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Cuts an axis where each of `indices` says a part begins, or into `sections` parts, the longer ones first."""
    @staticmethod
    def _split_v2_backward(*ograds: Symbol | Sequence[Symbol], indices: Ints, axis: int = 1, squeeze_axis: Flag = False, sections: int = 0, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The gradient of _split_v2: its parts' gradients joined again."""
    @staticmethod
    def _square_sum(data: Symbol | None = None, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sum of squares over `axis`, over all axes when none is named, or over all others with `exclude`."""
    _sub = _Minus
    @staticmethod
    def _unravel_index(data: Symbol | None = None, shape: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Positions in a flattened array of this shape as coordinates, one point a column."""
    @staticmethod
    def _while_loop(*data: Symbol | Sequence[Symbol], num_outputs: int, num_out_data: int, max_iterations: int, cond_input_locs: Ints, func_input_locs: Ints, func_var_locs: Ints, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """A loop that ends when its condition is 0, or after `max_iterations`; use `contrib.while_loop`."""
    @staticmethod
    def _zeros(shape: Ints = (), ctx: str = '', dtype: DTypeLike = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """An array of zeros."""
    @staticmethod
    def _zeros_without_dtype(shape: Ints | None = None, ctx: str = '', dtype: int = -1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """An array of zeros of the type that inference finds; `dtype` is MXNet's type number, or -1."""

op: Any
namespaces: Any

class Methods:
    def reshape_like(self, rhs: Symbol | None = None, lhs_begin: int | None = None, lhs_end: int | None = None, rhs_begin: int | None = None, rhs_end: int | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """lhs in the shape of rhs, or with its axes lhs_begin..lhs_end in the shape of rhs's axes rhs_begin..rhs_end."""
    def zeros_like(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Zeros."""
    def ones_like(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Ones."""
    def broadcast_axes(self, axis: Ints = (), size: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Repeats data along each `axis`, which must have size 1, to the `size` at the same place."""
    def repeat(self, repeats: int = ..., axis: int | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Repeats every element `repeats` times along `axis`, or of the flattened array."""
    def pad(self, mode: Literal['constant', 'edge', 'reflect'] | str = ..., pad_width: Ints = ..., constant_value: float = 0.0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Adds pad_width[2 i] elements before and pad_width[2 i + 1] after axis i, of the plane or volume only."""
    def swapaxes(self, dim1: int = 0, dim2: int = 0, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Exchanges the axes dim1 and dim2."""
    def split(self, num_outputs: int = ..., axis: int = 1, squeeze_axis: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Cuts an axis into num_outputs equal parts; with `squeeze_axis` the parts must have size 1 and lose the axis."""
    def slice(self, begin: Sequence[int | None] | int | None = ..., end: Sequence[int | None] | int | None = ..., step: Sequence[int | None] | int | None = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The part begin:end:step of each of the first axes."""
    def slice_axis(self, axis: int = ..., begin: int = ..., end: int | None = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The part begin:end of one axis; unlike slice's, bounds out of range are an error."""
    def slice_like(self, shape_like: Symbol | None = None, axes: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The start of data along `axes` (all by default), as long as shape_like is there."""
    def take(self, indices: Symbol | None = None, axis: int = 0, mode: Literal['clip', 'raise', 'wrap'] | str = 'clip', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The slices of one axis at indices."""
    def one_hot(self, depth: int = ..., on_value: float = 1.0, off_value: float = 0.0, dtype: DTypeLike = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """on_value at each index along a new last axis, off_value elsewhere; indices out of range give no on_value."""
    def pick(self, index: Symbol | None = None, axis: int | None = -1, keepdims: Flag = False, mode: Literal['clip', 'wrap'] | str = 'clip', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """One element of each line along an axis."""
    def sort(self, axis: int | None = -1, is_ascend: Flag = True, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The elements in order along an axis, or of the flattened array; a hidden second output has their positions."""
    def topk(self, axis: int | None = -1, k: int = 1, ret_typ: Literal['both', 'indices', 'mask', 'value'] | str = 'indices', is_ascend: Flag = False, dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'uint8'] | str = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The k largest (or with `is_ascend` smallest) elements along an axis, or of the flattened array, in order."""
    def argsort(self, axis: int | None = -1, is_ascend: Flag = True, dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'uint8'] | str = 'float32', *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The positions that put the elements in order along an axis, or those of the flattened array."""
    def argmax(self, axis: int | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Position of the first largest element along an axis, or in the flattened array."""
    def argmax_channel(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Position of the first largest element along axis 1."""
    def argmin(self, axis: int | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Position of the first smallest element along an axis, or in the flattened array."""
    def clip(self, a_min: float = ..., a_max: float = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Values below a_min become a_min, values above a_max become a_max; slope 1 at the bounds, 0 outside."""
    def abs(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Absolute value, slope 0 at 0."""
    def sign(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """-1, 0 or 1, 0 for NaN; slope 0 everywhere."""
    def flatten(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Joins all axes but the first."""
    def shape_array(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The shape of data as an int64 vector; no gradient."""
    def size_array(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The number of elements of data as int64; no gradient."""
    def expand_dims(self, axis: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inserts an axis of size 1 before `axis`, which may count from the end."""
    def broadcast_to(self, shape: Ints = (), *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Repeats data along its axes of size 1 until it has `shape`."""
    def broadcast_like(self, rhs: Symbol | None = None, lhs_axes: Ints | None = None, rhs_axes: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Repeats lhs along its axes of size 1 to the shape of rhs, or only `lhs_axes` to the sizes of `rhs_axes`."""
    def tile(self, reps: Ints = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Repeats the whole array reps[i] times along axis i, aligned at the last axis."""
    def flip(self, axis: Ints = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Turns the order of the elements along each of the axes."""
    def depth_to_space(self, block_size: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Moves blocks of channels into the plane, each pixel becoming a block_size x block_size square."""
    def space_to_depth(self, block_size: int = ..., *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Moves each block_size x block_size square of the plane into channels; the inverse of depth_to_space."""
    def diag(self, k: int = 0, axis1: int = 0, axis2: int = 1, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The k-th diagonal over two axes, or the matrix that has a vector there."""
    def sum(self, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sum over `axis`, over all axes when none is named, or over all others with `exclude`."""
    def nansum(self, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sum that takes nan for zero."""
    def prod(self, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Product over `axis`, over all axes when none is named, or over all others with `exclude`."""
    def nanprod(self, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Product that takes nan for one."""
    def mean(self, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Mean over `axis`, over all axes when none is named, or over all others with `exclude`."""
    def max(self, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Largest element over `axis`, over all axes when none is named, or over all others with `exclude`."""
    def min(self, axis: Ints | None = None, keepdims: Flag = False, exclude: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Smallest element over `axis`, over all axes when none is named, or over all others with `exclude`."""
    def norm(self, ord: int = 2, axis: Ints | None = None, out_dtype: Literal['float16', 'float32', 'float64', 'int32', 'int64', 'int8'] | str | None = None, keepdims: Flag = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sum of absolute values (ord 1) or root of the sum of squares (ord 2) over `axis`, over all axes by default."""
    def round(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The nearest whole number, halves away from zero. No gradient."""
    def rint(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The nearest whole number, halves downwards (1.5 to 1, -1.5 to -2). No gradient."""
    def fix(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number towards zero. No gradient."""
    def floor(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number downwards. No gradient."""
    def ceil(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number upwards. No gradient."""
    def trunc(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """The next whole number towards zero. No gradient."""
    def sin(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Sine of radians."""
    def cos(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Cosine of radians."""
    def tan(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Tangent of radians."""
    def arcsin(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse sine, in radians."""
    def arccos(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse cosine, in radians."""
    def arctan(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse tangent, in radians."""
    def degrees(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Radians to degrees."""
    def radians(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Degrees to radians."""
    def sinh(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Hyperbolic sine."""
    def cosh(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Hyperbolic cosine."""
    def tanh(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Hyperbolic tangent."""
    def arcsinh(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse hyperbolic sine."""
    def arccosh(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse hyperbolic cosine, NaN below 1."""
    def arctanh(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Inverse hyperbolic tangent."""
    def exp(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """e to the power of data."""
    def expm1(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """exp(data) - 1, exact near 0."""
    def log(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Natural logarithm."""
    def log10(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Logarithm to base 10."""
    def log2(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Logarithm to base 2."""
    def log1p(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """log(1 + data), exact near 0."""
    def sqrt(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Square root."""
    def rsqrt(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 / sqrt(data)."""
    def cbrt(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Cube root, of negative numbers too."""
    def rcbrt(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 / cbrt(data)."""
    def square(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """data * data."""
    def reciprocal(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 / data."""
    def relu(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """max(data, 0); NaN stays NaN, slope 0 at 0."""
    def sigmoid(self, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """1 / (1 + exp(-data))."""
    def softmax(self, length: Symbol | None = None, axis: int = -1, temperature: float | None = None, dtype: Literal['float16', 'float32', 'float64'] | str | None = None, use_length: Flag | None = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Softmax along an axis, of the first `length` elements when `use_length`, the rest being 0."""
    def log_softmax(self, length: Symbol | None = None, axis: int = -1, temperature: float | None = None, dtype: Literal['float16', 'float32', 'float64'] | str | None = None, use_length: Flag | None = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Logarithm of the softmax."""
    def softmin(self, length: Symbol | None = None, axis: int = -1, temperature: float | None = None, dtype: Literal['float16', 'float32', 'float64'] | str | None = None, use_length: Flag | None = False, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Softmax of the negated data."""
    def squeeze(self, axis: Ints | None = None, *, name: Name = None, attr: Attrs = None, out: Any = None) -> Symbol:
        """Drops the axes of size 1, or those in `axis`, which must have size 1."""
