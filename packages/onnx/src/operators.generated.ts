// Made by packages/onnx/tools/operators.py from onnx 1.23.2 (opset 28). Do not edit.
/** One line an operator: name, the versions that changed it (x: removed), inputs least-most>outputs, attribute:types. */
export const OPERATOR_TABLE = `Abs 1,6,13 1-1>1 consumed_inputs:I
Acos 7,22 1-1>1
Acosh 9,22 1-1>1
Add 1,6,7,13,14 2-2>1 axis:i broadcast:i consumed_inputs:I
AffineGrid 20 2-2>1 align_corners:i
And 1,7 2-2>1 axis:i broadcast:i
ArgMax 1,11,12,13 1-1>1 axis:i keepdims:i select_last_index:i
ArgMin 1,11,12,13 1-1>1 axis:i keepdims:i select_last_index:i
Asin 7,22 1-1>1
Asinh 9,22 1-1>1
Atan 7,22 1-1>1
Atanh 9,22 1-1>1
Attention 23,24,25 3-7>4 is_causal:i kv_num_heads:i left_window_size:i q_num_heads:i qk_matmul_output_mode:i right_window_size:i scale:f softcap:f softmax_precision:i
AveragePool 1,7,10,11,19,22 1-1>1 auto_pad:s ceil_mode:i count_include_pad:i dilations:I kernel_shape:I pads:I strides:I
BatchNormalization 1,6,7,9,14,15 5-5>5 consumed_inputs:I epsilon:f is_test:i momentum:f spatial:i training_mode:i
Bernoulli 15,22 1-1>1 dtype:i seed:f
BitCast 26 1-1>1 to:i
BitShift 11,28 2-2>1 direction:s
BitwiseAnd 18 2-2>1
BitwiseNot 18 1-1>1
BitwiseOr 18 2-2>1
BitwiseXor 18 2-2>1
BlackmanWindow 17 1-1>1 output_datatype:i periodic:i
Cast 1,6,9,13,19,21,23,24,25,28 1-1>1 round_mode:s saturate:i to:is
CastLike 15,19,21,23,24,25 2-2>1 round_mode:s saturate:i
CausalConvWithState 27 2-4>2 activation:s
Ceil 1,6,13 1-1>1 consumed_inputs:I
Celu 12,28 1-1>1 alpha:f
CenterCropPad 18 2-2>1 axes:I
Clip 1,6,11,12,13 1-3>1 consumed_inputs:I max:f min:f
Col2Im 18 3-3>1 dilations:I pads:I strides:I
Compress 9,11,28 2-2>1 axis:i
Concat 1,4,11,13 1-*>1 axis:i
ConcatFromSequence 11 1-1>1 axis:i new_axis:i
Constant 1,9,11,12,13,19,21,23,24,25 0-0>1 sparse_value:p value:t value_float:f value_floats:F value_int:i value_ints:I value_string:s value_strings:S
ConstantOfShape 9,20,21,23,24,25 1-1>1 value:t
Conv 1,11,22 2-3>1 auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I
ConvInteger 10 2-4>1 auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I
ConvTranspose 1,11,22 2-3>1 auto_pad:s dilations:I group:i kernel_shape:I output_padding:I output_shape:I pads:I strides:I
Cos 7,22 1-1>1
Cosh 9,22 1-1>1
CumProd 26 2-2>1 exclusive:i reverse:i
CumSum 11,14 2-2>1 exclusive:i reverse:i
DFT 17,20 1-3>1 axis:i inverse:i onesided:i
DeformConv 19,22 3-5>1 dilations:I group:i kernel_shape:I offset_group:i pads:I strides:I
DepthToSpace 1,11,13,28 1-1>1 blocksize:i mode:s
DequantizeLinear 10,13,19,21,23,24,25,28 2-3>1 axis:i block_size:i output_dtype:i
Det 11,22 1-1>1
Div 1,6,7,13,14 2-2>1 axis:i broadcast:i consumed_inputs:I
Dropout 1,6,7,10,12,13,22 1-3>2 consumed_inputs:I is_test:i ratio:f seed:i
DynamicQuantizeLinear 11 1-1>3
Einsum 12,28 1-*>1 equation:s
Elu 1,6,22 1-1>1 alpha:f consumed_inputs:I
Equal 1,7,11,13,19 2-2>1 axis:i broadcast:i
Erf 9,13 1-1>1
Exp 1,6,13 1-1>1 consumed_inputs:I
Expand 8,13 2-2>1
EyeLike 9,22 1-1>1 dtype:i k:i
Flatten 1,9,11,13,21,23,24,25 1-1>1 axis:i
Floor 1,6,13 1-1>1 consumed_inputs:I
GRU 1,3,7,14,22 3-6>2 activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:i linear_before_reset:i output_sequence:i
Gather 1,11,13 2-2>1 axis:i
GatherElements 11,13 2-2>1 axis:i
GatherND 11,12,13 2-2>1 batch_dims:i
Gelu 20 1-1>1 approximate:s
Gemm 1,6,7,9,11,13 2-3>1 alpha:f beta:f broadcast:i transA:i transB:i
GlobalAveragePool 1,22 1-1>1
GlobalLpPool 1,2,22 1-1>1 p:fi
GlobalMaxPool 1,22 1-1>1
Greater 1,7,9,13 2-2>1 axis:i broadcast:i
GreaterOrEqual 12,16 2-2>1
GridSample 16,20,22 2-2>1 align_corners:i mode:s padding_mode:s
GroupNormalization 18x,21 3-3>1 epsilon:f num_groups:i stash_type:i
HammingWindow 17 1-1>1 output_datatype:i periodic:i
HannWindow 17 1-1>1 output_datatype:i periodic:i
HardSigmoid 1,6,22 1-1>1 alpha:f beta:f consumed_inputs:I
HardSwish 14,22 1-1>1
Hardmax 1,11,13 1-1>1 axis:i
Identity 1,13,14,16,19,21,23,24,25 1-1>1
If 1,11,13,16,19,21,23,24,25 1-1>* else_branch:g then_branch:g
ImageDecoder 20 1-1>1 pixel_format:s
InstanceNormalization 1,6,22 3-3>1 consumed_inputs:I epsilon:f
IsInf 10,20 1-1>1 detect_negative:i detect_positive:i
IsNaN 9,13,20 1-1>1
LRN 1,13 1-1>1 alpha:f beta:f bias:f size:i
LSTM 1,7,14,22 3-8>3 activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i input_forget:i layout:i output_sequence:i
LayerNormalization 17 2-3>3 axis:i epsilon:f stash_type:i
LeakyRelu 1,6,16 1-1>1 alpha:f consumed_inputs:I
Less 1,7,9,13 2-2>1 axis:i broadcast:i
LessOrEqual 12,16 2-2>1
LinearAttention 27 3-6>2 chunk_size:i kv_num_heads:i q_num_heads:i scale:f update_rule:s
Log 1,6,13 1-1>1 consumed_inputs:I
LogSoftmax 1,11,13 1-1>1 axis:i
Loop 1,11,13,16,19,21,23,24,25 2-*>* body:g
LpNormalization 1,22 1-1>1 axis:i p:i
LpPool 1,2,11,18,22 1-1>1 auto_pad:s ceil_mode:i dilations:I kernel_shape:I p:fi pads:I strides:I
MatMul 1,9,13 2-2>1
MatMulInteger 10 2-4>1
Max 1,6,8,12,13 1-*>1 consumed_inputs:I
MaxPool 1,8,10,11,12,22 1-1>2 auto_pad:s ceil_mode:i dilations:I kernel_shape:I pads:I storage_order:i strides:I
MaxRoiPool 1,22 2-2>1 pooled_shape:I spatial_scale:f
MaxUnpool 9,11,22 2-3>1 kernel_shape:I pads:I strides:I
Mean 1,6,8,13 1-*>1 consumed_inputs:I
MeanVarianceNormalization 9,13 1-1>1 axes:I
MelWeightMatrix 17 5-5>1 output_datatype:i
Min 1,6,8,12,13 1-*>1 consumed_inputs:I
Mish 18,22 1-1>1
Mod 10,13,28 2-2>1 fmod:i
Mul 1,6,7,13,14 2-2>1 axis:i broadcast:i consumed_inputs:I
Multinomial 7,22 1-1>1 dtype:i sample_size:i seed:f
Neg 1,6,13 1-1>1 consumed_inputs:I
NegativeLogLikelihoodLoss 12,13,22 2-3>1 ignore_index:i reduction:s
NonMaxSuppression 10,11 2-5>1 center_point_box:i
NonZero 9,13 1-1>1
Not 1 1-1>1
OneHot 9,11,28 3-3>1 axis:i
Optional 15,28 0-1>1 type:y
OptionalGetElement 15,18,28 1-1>1
OptionalHasElement 15,18,28 0-1>1
Or 1,7 2-2>1 axis:i broadcast:i
PRelu 1,6,7,9,16 2-2>1 consumed_inputs:I
Pad 1,2,11,13,18,19,21,23,24,25 1-4>1 mode:s paddings:I pads:I value:f
Pow 1,7,12,13,15 2-2>1 axis:i broadcast:i
QLinearConv 10 8-9>1 auto_pad:s dilations:I group:i kernel_shape:I pads:I strides:I
QLinearMatMul 10,21 8-8>1
QuantizeLinear 10,13,19,21,23,24,25,28 2-3>1 axis:i block_size:i output_dtype:i precision:i saturate:i
RMSNormalization 23 2-2>1 axis:i epsilon:f stash_type:i
RNN 1,7,14,22 3-6>2 activation_alpha:F activation_beta:F activations:S clip:f direction:s hidden_size:i layout:i output_sequence:i
RandomNormal 1,22 0-0>1 dtype:i mean:f scale:f seed:f shape:I
RandomNormalLike 1,22 1-1>1 dtype:i mean:f scale:f seed:f
RandomUniform 1,22 0-0>1 dtype:i high:f low:f seed:f shape:I
RandomUniformLike 1,22 1-1>1 dtype:i high:f low:f seed:f
Range 11,27 3-3>1 stash_type:i
Reciprocal 1,6,13 1-1>1 consumed_inputs:I
ReduceL1 1,11,13,18 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceL2 1,11,13,18 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceLogSum 1,11,13,18,28 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceLogSumExp 1,11,13,18,28 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceMax 1,11,12,13,18,20 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceMean 1,11,13,18 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceMin 1,11,12,13,18,20 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceProd 1,11,13,18 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceSum 1,11,13 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
ReduceSumSquare 1,11,13,18 1-2>1 axes:I keepdims:i noop_with_empty_axes:i
RegexFullMatch 20 1-1>1 pattern:s
Relu 1,6,13,14 1-1>1 consumed_inputs:I
Reshape 1,5,13,14,19,21,23,24,25 1-2>1 allowzero:i consumed_inputs:I shape:I
Resize 10,11,13,18,19 1-4>1 antialias:i axes:I coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i extrapolation_value:f keep_aspect_ratio_policy:s mode:s nearest_mode:s
ReverseSequence 10,28 2-2>1 batch_axis:i time_axis:i
RoiAlign 10,16,22 3-3>1 coordinate_transformation_mode:s mode:s output_height:i output_width:i sampling_ratio:i spatial_scale:f
RotaryEmbedding 23 3-4>1 interleaved:i num_heads:i rotary_embedding_dim:i
Round 11,22 1-1>1
STFT 17 2-4>1 onesided:i
Scan 8,9,11,16,19,21,23,24,25 1-*>* body:g directions:I num_scan_inputs:i scan_input_axes:I scan_input_directions:I scan_output_axes:I scan_output_directions:I
Scatter 9,11x 3-3>1 axis:i
ScatterElements 11,13,16,18 3-3>1 axis:i reduction:s
ScatterND 11,13,16,18 3-3>1 reduction:s
Selu 1,6,22 1-1>1 alpha:f consumed_inputs:I gamma:f
SequenceAt 11 2-2>1
SequenceConstruct 11 1-*>1
SequenceEmpty 11 0-0>1 dtype:i
SequenceErase 11 1-2>1
SequenceInsert 11 2-3>1
SequenceLength 11 1-1>1
SequenceMap 17 1-*>* body:g
Shape 1,13,15,19,21,23,24,25 1-1>1 end:i start:i
Shrink 9 1-1>1 bias:f lambd:f
Sigmoid 1,6,13 1-1>1 consumed_inputs:I
Sign 9,13 1-1>1
Sin 7,22 1-1>1
Sinh 9,22 1-1>1
Size 1,13,19,21,23,24,25 1-1>1
Slice 1,10,11,13 1-5>1 axes:I ends:I starts:I
Softmax 1,11,13 1-1>1 axis:i
SoftmaxCrossEntropyLoss 12,13 2-3>2 ignore_index:i reduction:s
Softplus 1,22 1-1>1
Softsign 1,22 1-1>1
SpaceToDepth 1,13,28 1-1>1 blocksize:i mode:s
Split 1,2,11,13,18 1-2>* axis:i num_outputs:i split:I
SplitToSequence 11,24 1-2>1 axis:i keepdims:i
Sqrt 1,6,13 1-1>1 consumed_inputs:I
Squeeze 1,11,13,21,23,24,25 1-2>1 axes:I
StringConcat 20 2-2>1
StringNormalizer 10 1-1>1 case_change_action:s is_case_sensitive:i locale:s stopwords:S
StringSplit 20 1-1>2 delimiter:s maxsplit:i
Sub 1,6,7,13,14 2-2>1 axis:i broadcast:i consumed_inputs:I
Sum 1,6,8,13 1-*>1 consumed_inputs:I
SwiGLU 28 2-2>1 alpha:f
Swish 24 1-1>1 alpha:f
Tan 7,22 1-1>1
Tanh 1,6,13 1-1>1 consumed_inputs:I
TensorScatter 24 2-3>1 axis:i mode:s
TfIdfVectorizer 9 1-1>1 max_gram_length:i max_skip_count:i min_gram_length:i mode:s ngram_counts:I ngram_indexes:I pool_int64s:I pool_strings:S weights:F
ThresholdedRelu 10,22 1-1>1 alpha:f
Tile 1,6,13 2-3>1
TopK 1,10,11,24 1-2>2 axis:i k:i largest:i sorted:i
Transpose 1,13,21,23,24,25 1-1>1 perm:I
Trilu 14 1-2>1 upper:i
Unique 11,28 1-1>4 axis:i sorted:i
Unsqueeze 1,11,13,21,23,24,25 1-2>1 axes:I
Upsample 1,7,9,10x 1-2>1 height_scale:f mode:s scales:F width_scale:f
Where 9,16 3-3>1
Xor 1,7 2-2>1 axis:i broadcast:i`;
export const NEWEST_OPSET = 28;
