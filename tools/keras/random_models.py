"""Random functional Keras 3 models with predictions and input gradients of tf.GradientTape, for tools/keras/verify-random.ts.

    $py tools/keras/random_models.py FOLDER FIRST LAST

Convolutions of one to three dimensions (grouped, causal, transposed, channels first), normalisations, recurrent layers, attention, nested
and shared layers, up to four outputs. Each output y gives the gradient of sum(sin(1 + i) * y_i).

Two things differ without a fault of ours: an output that is constant by its making (a UnitNormalization of one channel) has a gradient of
rounding alone, and TensorFlow's MaxPool3D gives its whole gradient to each of two places that differ by less than about 1e-5.
"""
import base64
import json
import os
import pathlib
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras  # noqa: E402
import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402

L = keras.layers


def encoded(tensor):
    values = np.asarray(tensor).astype("float32")
    return {"dims": list(values.shape), "data": base64.b64encode(values.tobytes()).decode()}


def make(seed):
    r=np.random.default_rng(seed); keras.utils.set_random_seed(seed)
    pick=lambda *a:a[r.integers(len(a))]
    act=lambda:pick('relu','tanh','gelu','silu','elu','softplus','selu','hard_sigmoid','mish',None)
    pad=lambda:pick('same','valid')
    ops=[]
    def img(x,d):
        h,w,c=x.shape[1:]; k=pick('conv','dw','sep','tr','group','pool','bn','ln','gn','dil','cf','up','crop','pad','merge','nest','shared','permute','resize','se','unit','seq','cube','prelu','spec','convlstm')
        ops.append(k)
        if min(h,w)<5 and k in('conv','dw','sep','dil','pool','crop','group','cf'): k='up'
        if min(h,w)>30 and k in('up','tr','pad','resize'): k='pool'
        if k=='conv': return L.Conv2D(int(r.integers(2,7)),pick(1,2,3,(3,2)),strides=pick(1,2),padding=pad(),activation=act(),use_bias=bool(r.integers(2)))(x)
        if k=='dw': return L.DepthwiseConv2D(pick(2,3),strides=pick(1,2),padding=pad(),depth_multiplier=int(pick(1,2)),activation=act())(x)
        if k=='sep': return L.SeparableConv2D(4,3,padding=pad(),depth_multiplier=2,activation=act())(x)
        if k=='tr': return L.Conv2DTranspose(3,pick(2,3),strides=2,padding=pad(),activation=act())(x)
        if k=='group': return L.Conv2D(6,3,groups=3,padding='same',activation=act())(L.Conv2D(3,1)(x))
        if k=='dil': return L.Conv2D(4,2,dilation_rate=(2,1),padding=pad(),activation=act())(x)
        if k=='pool': return pick(L.MaxPooling2D,L.AveragePooling2D)(pick(2,3),strides=pick(1,2),padding=pad())(x)
        if k=='bn': return L.BatchNormalization(gamma_initializer='random_normal',moving_variance_initializer=keras.initializers.RandomUniform(.5,2,seed=seed),moving_mean_initializer='random_normal')(x)
        if k=='ln': return L.LayerNormalization(axis=pick(-1,[1,2,3],[-2,-1]))(x)
        if k=='gn': return L.GroupNormalization(groups=pick(1,-1))(x)
        if k=='unit': return L.UnitNormalization(axis=-1)(x)
        if k=='spec': return L.SpectralNormalization(L.Conv2D(3,3,padding='same'))(x)
        if k=='cf': return L.Permute((2,3,1))(L.Conv2D(4,3,padding=pad(),data_format='channels_first',activation=act())(L.Permute((3,1,2))(x)))
        if k=='up': return L.UpSampling2D(pick(2,(2,1),(3,2)),interpolation=pick('nearest','bilinear'))(x)
        if k=='crop': return L.Cropping2D(((1,0),(0,2)))(x)
        if k=='pad': return L.ZeroPadding2D(((1,0),(2,1)))(x)
        if k=='resize': return L.Resizing(9,7,interpolation=pick('bilinear','nearest','bicubic'))(x)
        if k=='permute': return L.Permute((2,1,3))(x)
        if k=='prelu': return L.PReLU(alpha_initializer='random_normal',shared_axes=[1,2])(x)
        if k=='merge':
            a=L.Conv2D(c,3,padding='same',activation=act())(x); return pick(L.Add,L.Multiply,L.Average,L.Maximum,L.Minimum,L.Concatenate)()([x,a])
        if k=='se':
            g=L.GlobalAveragePooling2D(keepdims=bool(r.integers(2)))(x); g=L.Reshape((1,1,c))(g); return x*L.Dense(c,activation='sigmoid')(g)
        if k=='nest':
            i=keras.Input(x.shape[1:]); o=L.Conv2D(4,1,activation=act())(i); o=L.Concatenate()([o,L.Conv2D(2,3,padding='same')(i)]); return keras.Model(i,o)(x)
        if k=='shared':
            s=L.Conv2D(c,3,padding='same',activation='tanh'); return s(s(x))-x
        if k=='seq':
            y=L.Reshape((h,w*c))(x); y=sq(y,0); 
            if len(y.shape)==2: y=L.RepeatVector(6)(y)
            return L.Reshape((y.shape[1],y.shape[2],1))(y)
        if k=='cube':
            y=L.Reshape((h,w,c,1))(x); y=L.Conv3D(3,2,padding='same',activation=act(),dilation_rate=pick(1,2))(y)
            y=pick(lambda q:L.MaxPooling3D((2,2,1),padding='same')(q),lambda q:L.AveragePooling3D((2,1,1))(q) ,lambda q:L.Conv3DTranspose(2,2,strides=(1,2,1),padding='same')(q),lambda q:L.UpSampling3D((1,1,2))(q),lambda q:q)(y)
            a,b,cc,d=y.shape[1:]; return L.Reshape((a,b,cc*d))(y)
        if k=='convlstm':
            y=L.Reshape((1,h,w,c))(x); y=L.Concatenate(axis=1)([y,y]); return L.ConvLSTM2D(3,2,padding='same',activation='tanh')(y)
    def sq(y,d):
        k=pick('causal','c1','gru','lstm','rnn','bi','mha','att','addatt','gmha','td','pool1','dw1','sep1','ln','tr1','c1f'); ops.append(k); u=int(r.integers(2,6)); t=y.shape[1]
        y=L.Dense(6)(y)
        if k=='causal': return L.Conv1D(u,3,padding='causal',dilation_rate=pick(1,2),activation=act())(y)
        if k=='c1': return L.Conv1D(u*2,2,strides=pick(1,2),padding='same',groups=2,activation=act())(y)
        if k=='c1f': return L.Permute((2,1))(L.Conv1D(u,2,data_format='channels_first',padding='same')(L.Permute((2,1))(y)))
        if k=='gru': return L.GRU(u,return_sequences=bool(r.integers(2)),reset_after=bool(r.integers(2)),go_backwards=bool(r.integers(2)))(y)
        if k=='lstm': return L.LSTM(u,return_sequences=bool(r.integers(2)),recurrent_activation=pick('sigmoid','hard_sigmoid'))(y)
        if k=='rnn': return L.SimpleRNN(u,return_sequences=True,activation=pick('tanh','relu'))(y)
        if k=='bi': return L.Bidirectional(pick(L.GRU,L.LSTM)(u,return_sequences=True),merge_mode=pick('concat','sum','mul','ave'))(y)
        if k=='mha': return L.MultiHeadAttention(2,3,value_dim=pick(None,4),output_shape=pick(None,5))(y,y,use_causal_mask=bool(r.integers(2)))
        if k=='gmha': return L.GroupQueryAttention(3,4,2)(y,y)
        if k=='att': return L.Attention(use_scale=bool(r.integers(2)),score_mode=pick('dot','concat'))([y,L.Conv1D(6,2)(y)] if t>2 else [y,y])
        if k=='addatt': return L.AdditiveAttention()([y,y])
        if k=='td': return L.TimeDistributed(L.Dense(u,activation=act()))(y)
        if k=='pool1': return pick(L.MaxPooling1D,L.AveragePooling1D)(2,strides=1,padding='same')(y)
        if k=='dw1': return L.DepthwiseConv1D(2,padding='same',depth_multiplier=2)(y)
        if k=='sep1': return L.SeparableConv1D(u,2,padding='same')(y)
        if k=='tr1': return L.Conv1DTranspose(u,3,strides=2,padding=pad())(y)
        return L.LayerNormalization()(y)
    x=keras.Input((12,10,3)); y=x; outs=[]
    for d in range(int(r.integers(3,7))):
        y=img(y,d)
        if r.integers(4)==0: outs.append(pick(L.GlobalMaxPooling2D(),L.GlobalAveragePooling2D(),L.Flatten())(y))
    outs.append(L.Dense(4,activation=pick(None,'softmax','sigmoid'))(L.Flatten()(y)))
    return keras.Model(x,outs[:3]+outs[-1:] if len(outs)>3 else outs),ops


def main(folder, first, last):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(1).standard_normal((2, 12, 10, 3)).astype("float32")
    records = {}
    for seed in range(first, last):
        model, kinds = make(seed)
        model.save(folder / f"{seed}.keras")
        model.save(folder / f"{seed}.h5")
        x = tf.constant(picture)
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            made = model(x, training=False)
            outputs = made if isinstance(made, list) else [made]
            sums = [tf.reduce_sum(y * tf.reshape(tf.cast(tf.sin(1 + tf.range(tf.size(y), dtype="float64")), "float32"), y.shape)) for y in outputs]
        records[seed] = {"layers": kinds, "outputs": [encoded(y) for y in outputs], "gradients": [encoded(tape.gradient(one, x)) for one in sums]}
    (folder / "records.json").write_text(json.dumps({"input": encoded(picture), "models": records}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
