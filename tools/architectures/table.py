"""The architectures that seewhy's gradients are checked on, in the order in which they are exported.

Diverse families come first, so that a run that is stopped early has already covered most operators. `size` is the side of
the square input: the network's own where it is built for one, smaller where the network allows it and is expensive.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Architecture:
    name: str
    family: str
    source: str  # torchvision | segmentation (torchvision) | timm | own (networks.py) | quantised | half | keras
    size: int = 224
    target: tuple[int, ...] = (0, 7)  # index into the output, batch first
    options: dict = field(default_factory=dict)  # keyword arguments of the constructor
    base: str = ""  # the constructor's name where it differs from `name`
    ci: bool = False  # one of those that .ci/run repeats
    picture: int = 20  # seed of the explained picture; another one where float32 makes two values of a max-pool window equal
    further: bool = False  # beyond the promised list: other families, to find operators and forms that are missing

    @property
    def recipe(self) -> str:
        """What the files depend on, apart from the programs: kept in the record to notice a changed row."""
        picture = "" if self.picture == 20 else f" picture {self.picture}"
        return f"{self.source} {self.base or self.name} {self.size} {self.target} {self.options}{picture}"

    @property
    def exporters(self) -> tuple[str, ...]:
        """What writes the file: torch's two exporters, or the one tool a converted model comes from."""
        return {"quantised": ("qdq",), "half": ("fp16",), "keras": ("tf2onnx",)}.get(self.source, ("script", "dynamo"))


A = Architecture
NO_INIT = {"init_weights": False}  # skips a slow truncated-normal initialisation; the default one is random too

TABLE = [
    A("mobilenet_v2", "inverted residual", "torchvision", ci=True),
    A("squeezenet1_1", "fire", "torchvision", ci=True, picture=21),
    A("efficientnet_b0", "inverted residual, SE, SiLU", "torchvision", ci=True),
    A("deit_tiny_patch16_224", "ViT", "timm", ci=True),
    A("densenet121", "dense", "torchvision", ci=True),
    A("resnet50", "residual", "torchvision"),
    A("convnext_tiny", "ConvNeXt", "torchvision", ci=True),
    A("swin_t", "windowed transformer", "torchvision", ci=True),
    A("yolo_box", "detector head", "own", 160, (0, 2, 57), base="yolo", ci=True),
    A("yolo_class", "detector head", "own", 160, (0, 7, 57), base="yolo"),
    A("inception_v3", "inception", "torchvision", 299, options=NO_INIT),
    A("vit_b_16", "ViT", "torchvision"),
    A("mobilenet_v3_large", "inverted residual, SE, HardSwish", "torchvision", ci=True),
    A("lraspp_mobilenet_v3_large", "segmentation", "segmentation", 160, (0, 7, 80, 61), ci=True),
    A("levit_128", "LeViT", "timm", ci=True),
    A("mobilevit_s", "MobileViT", "timm", 256, ci=True),
    A("shufflenet_v2_x1_0", "channel shuffle", "torchvision", ci=True),
    A("mixer_s16_224", "MLP mixer", "timm"),
    A("poolformer_s12", "PoolFormer", "timm"),
    A("edgenext_small", "EdgeNeXt", "timm"),
    A("googlenet", "inception", "torchvision", options={**NO_INIT, "aux_logits": False}),
    A("resnet18_qdq", "quantised", "quantised", 32, base="resnet18", ci=True),
    A("squeezenet1_1_fp16", "half precision", "half", base="squeezenet1_1", ci=True),
    A("swin_v2_t", "windowed transformer", "torchvision", 256),
    A("maxvit_t", "MaxViT", "torchvision", options={"input_size": (224, 224)}),
    A("nfnet_f0", "normaliser-free", "timm", 192),
    A("hrnet_w18", "multi-resolution", "timm"),
    A("ghostnet_100", "ghost", "timm"),
    A("repvgg_a0", "RepVGG", "timm", picture=21),
    A("convmixer_768_32", "ConvMixer", "timm", 112),
    A("res2net50_26w_4s", "residual", "timm"),
    A("resnetv2_50", "residual, pre-activation", "timm"),
    A("tf_efficientnetv2_b0", "inverted residual, SAME padding", "timm", 192),
    A("efficientnet_v2_s", "inverted residual, SE, SiLU", "torchvision"),
    A("regnet_y_400mf", "RegNet", "torchvision"),
    A("mnasnet1_0", "inverted residual", "torchvision"),
    A("deeplabv3_mobilenet_v3_large", "segmentation", "segmentation", 160, (0, 7, 80, 61)),
    A("fcn_resnet50", "segmentation", "segmentation", 128, (0, 7, 64, 45)),
    A("alexnet", "plain", "torchvision"),
    A("vgg16_bn", "plain", "torchvision"),
    A("resnext50_32x4d", "residual, grouped", "torchvision"),
    A("wide_resnet50_2", "residual", "torchvision", 160),
    A("keras_mobilenet_v2", "NHWC, inverted residual", "keras", base="MobileNetV2", ci=True),
    A("keras_efficientnet_b0", "NHWC, inverted residual, SE, SiLU", "keras", base="EfficientNetB0"),
]
FURTHER = """
beit_base_patch16_224 botnet26t_256:256 caformer_s18 cait_xxs24_224 coat_lite_tiny coatnet_nano_rw_224 convit_tiny
convnext_atto_rms convnextv2_atto cpubone_nano crossvit_tiny_240:240 cs3darknet_focus_s:128 cspdarknet53:160
davit_tiny deit_tiny_distilled_patch16_224 dla46_c dpn48b ecaresnet26t efficientformer_l1 efficientformerv2_s0
efficientvim_m1 efficientvit_b0 efficientvit_m0 ese_vovnet19b_dw eva02_tiny_patch14_224 fasternet_t0 fastvit_mci0:256
fastvit_t8:256 fbnetc_100:128 focalnet_tiny_srf gcvit_xxtiny gernet_s:128 ghostnetv2_100 gmlp_s16_224 halonet26t:256
hardcorenas_a:128 hgnetv2_b0 hiera_tiny_224 iformer_t inception_next_atto inception_resnet_v2:299 lambda_resnet26t:256
lcnet_050:128 legacy_seresnet18 levit_conv_128s lowformer_b0 mambaout_femto maxxvitv2_nano_rw_256:256 mixnet_s
mobilenetv4_conv_small mobilenetv4_hybrid_medium mobileone_s0 mobilevitv2_050:256 mvitv2_tiny nest_tiny nextvit_small
nf_regnet_b0:192 nf_resnet50 pit_ti_224 pvt_v2_b0 rdnet_tiny regnetz_b16 repghostnet_050 repvit_m0_9 resmlp_12_224
resnest14d resnetv2_50x1_bit rexnet_100 selecsls42b sequencer2d_s shvit_s1 skresnet18 spnasnet_100:128 starnet_s1
swiftformer_xs swin_s3_tiny_224 swinv2_cr_tiny_224 test_vit4:160 tf_mixnet_s tiny_vit_5m_224 tinynet_e:106
tnt_s_patch16_224 tresnet_m twins_pcpvt_small twins_svt_small visformer_tiny vit_relpos_small_patch16_224
vit_small_patch16_dinov3:256 vit_tiny_r_s16_p8_224 vit_wee_patch16_reg1_gap_256:256 vitamin_small_224 volo_d1_224
xception41:299 xcit_nano_12_p16_224 xcit_nano_12_p8_224
bat_resnext26ts:256 eca_resnext26ts:256 gcresnext26ts:256 regnetz_b16_evos:224 csatv2 cspnext_tiny deepseek_vit_412m
sam2_hiera_tiny inception_v4:299 lcnetv2_small naflexvit_base_patch16_gap nasnetalarge:331 pnasnet5large:331
qwen3_vit_88m legacy_seresnext26_32x4d samvit_base_patch16_224 legacy_xception:299 xception41p:299
resnet26t seresnext26d_32x4d ecaresnet50t resnetaa50d resnetblur50 resnetrs50 convnext_zepto_rms_ols
"""  # timm's names, with the side of the input where it is not 224
for entry in FURTHER.split():
    name, _, size = entry.partition(":")
    TABLE.append(A(name, "further", "timm", int(size or 224), further=True))
TABLE.append(A("spatial_transformer", "further", "own", 64, further=True))
TABLE.append(A("column_reader", "further", "own", 64, further=True))
BY_NAME = {a.name: a for a in TABLE}
