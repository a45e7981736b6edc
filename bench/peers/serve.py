"""The torch side of a comparison. Tasks: predict, pytorch-grad-cam, torch-cam, captum, captum-ig, scorecam, rise.

Everything is made once for each model, two threads, as the peers' own documentation shows it; serving.py has the protocol.
"""
import warnings

import torch

import models
from serving import serve

warnings.filterwarnings("ignore")
torch.set_num_threads(2)

# The layer whose output is explained: the one that seewhy chooses in the exported file.
LAYERS = {
    "resnet50": lambda net: net.layer4[-1],
    "mobilenet_v3_small": lambda net: net.features[-1],
    "efficientnet_b0": lambda net: net.features[-1],
    "densenet121": lambda net: net.features[-1],
    "convnext_tiny": lambda net: net.features[-1],
    "vit_small_patch16_224": lambda net: net.blocks[-1].norm1,
}


def tokens_to_grid(tokens):
    """[N, 1 + 196, C] -> [N, C, 14, 14], as pytorch-grad-cam's documentation shows for ViT."""
    return tokens[:, 1:].reshape(tokens.shape[0], 14, 14, -1).permute(0, 3, 1, 2)


class Subject:
    def __init__(self, name):
        self.name = name
        self.image = torch.randn(1, 3, 224, 224, generator=torch.Generator().manual_seed(20))
        # Hooks stay on a network for as long as their extractor lives: each peer has a network of its own.
        self.plain = models.load(name)
        with torch.no_grad():
            self.target = int(self.plain(self.image).argmax())
        self.tasks = {"predict": self.predict}

    def task(self, kind):
        if kind not in self.tasks:
            makers = {
                "pytorch-grad-cam": self.grad_cam,
                "torch-cam": self.torch_cam,
                "captum": self.captum,
                "captum-ig": self.captum_ig,
                "scorecam": self.scorecam,
                "rise": self.rise,
            }
            self.tasks[kind] = makers[kind]()
        return self.tasks[kind]

    def predict(self):
        with torch.inference_mode():
            self.plain(self.image)

    def grad_cam(self):
        from pytorch_grad_cam import GradCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        net = models.load(self.name)
        reshape = tokens_to_grid if self.name.startswith("vit") else None
        cam = GradCAM(model=net, target_layers=[LAYERS[self.name](net)], reshape_transform=reshape)
        targets = [ClassifierOutputTarget(self.target)]
        return lambda: cam(input_tensor=self.image, targets=targets)

    def torch_cam(self):
        from torchcam.methods import GradCAM

        net = models.load(self.name)
        cam = GradCAM(net, LAYERS[self.name](net))

        def run():
            scores = net(self.image)
            return cam(self.target, scores)

        return run

    def captum_ig(self):
        """Integrated gradients, 50 steps (its default), in internal batches as its documentation advises where memory is short."""
        from captum.attr import IntegratedGradients

        gradients = IntegratedGradients(models.load(self.name))
        return lambda: gradients.attribute(self.image, target=self.target, n_steps=50, internal_batch_size=10)

    def scorecam(self):
        from pytorch_grad_cam import ScoreCAM
        from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget

        net = models.load(self.name)
        cam = ScoreCAM(model=net, target_layers=[LAYERS[self.name](net)])
        targets = [ClassifierOutputTarget(self.target)]
        return lambda: cam(input_tensor=self.image, targets=targets)

    def rise(self):
        """64 masks of 7 x 7 cells, 16 at a time, enlarged by torch."""
        cells = (torch.rand(64, 1, 7, 7, generator=torch.Generator().manual_seed(1)) < 0.5).float()
        masks = torch.nn.functional.interpolate(cells, size=(256, 256), mode="bilinear")[:, :, :224, :224]

        def run():
            with torch.inference_mode():
                total = torch.zeros(224, 224)
                for part in masks.split(16):
                    scores = self.plain(self.image * part)[:, self.target]
                    total += (scores[:, None, None] * part[:, 0]).sum(0)
                return total

        return run

    def captum(self):
        from captum.attr import Saliency

        saliency = Saliency(models.load(self.name))

        def run():
            return saliency.attribute(self.image.clone().requires_grad_(), target=self.target)

        return run


if __name__ == "__main__":
    serve(Subject)
