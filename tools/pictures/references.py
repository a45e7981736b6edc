"""Reference values for the tests of packages/core: written by Pillow, OpenCV, SciPy, scikit-image and transformers.

Part 'torch' (torchvision, pytorch-grad-cam) runs in the environment of tools/peers: `references.py torch`.
"""
import json
import pathlib
import sys

import cv2
import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / 'fixtures/pictures/references'
PHOTOS = ROOT / 'fixtures/photos'
OUT.mkdir(parents=True, exist_ok=True)

chelsea = Image.open(PHOTOS / 'chelsea.png').convert('RGB')
source = chelsea.crop((90, 40, 90 + 157, 40 + 113))  # eyes and ears: edges that overshoot


def save(name, array):
    np.save(OUT / f'{name}.npy', np.ascontiguousarray(array))


def maps():
    random = np.random.default_rng(7)
    return {
        'cam7x7': np.maximum(random.normal(size=(7, 7)), -0.3).astype(np.float32),
        'cam5x9': random.normal(size=(5, 9)).astype(np.float32),
    }


def resampling():
    save('source', np.asarray(source))
    kernels = {'nearest': 0, 'lanczos': 1, 'bilinear': 2, 'bicubic': 3, 'box': 4, 'hamming': 5}
    sizes = [(61, 40), (200, 150), (200, 40), (1, 1), (157, 50), (33, 113), (3, 227), (150, 12)]
    cases = []
    for kernel, number in kernels.items():
        for width, height in sizes:
            if kernel in ('box', 'hamming') and (width, height) not in ((61, 40), (200, 40)):
                continue
            name = f'pillow-{kernel}-{width}x{height}'
            save(name, np.asarray(source.resize((width, height), number)))
            cases.append({'file': f'{name}.npy', 'kernel': kernel, 'width': width, 'height': height})
    return cases


def map_resizing():
    import scipy.ndimage
    import skimage.transform
    cases = []
    for name, m in maps().items():
        save(name, m)
        for width, height in [(32, 24), (20, 31), (4, 3)]:
            enlarges = width >= m.shape[1] and height >= m.shape[0]
            results = {
                'bilinear': cv2.resize(m, (width, height), interpolation=cv2.INTER_LINEAR),
                'nearest': cv2.resize(m, (width, height), interpolation=cv2.INTER_NEAREST),
                'bicubic-opencv': cv2.resize(m, (width, height), interpolation=cv2.INTER_CUBIC),
                'align-corners': scipy.ndimage.zoom(m.astype(np.float64), (height / m.shape[0], width / m.shape[1]), order=1),
            }
            if enlarges:
                results['bicubic'] = np.asarray(Image.fromarray(m).resize((width, height), Image.BICUBIC))
                results['bilinear-mirror'] = skimage.transform.resize(m.astype(np.float64), (height, width), order=1, mode='reflect')
            for mode, result in results.items():
                assert result.shape == (height, width), (mode, result.shape)
                file = f'{name}-{mode}-{width}x{height}.npy'
                save(file[:-4], result.astype(np.float32))
                cases.append({'file': file, 'map': f'{name}.npy', 'mode': mode, 'width': width, 'height': height})
    return cases


def tf_explain_overlay():
    """heatmap_display of tf-explain 0.3.1, its lines."""
    heat = cv2.resize(maps()['cam7x7'], (157, 113))
    heat = (heat - heat.min()) / (heat.max() - heat.min())
    coloured = cv2.applyColorMap(cv2.cvtColor((heat * 255).astype('uint8'), cv2.COLOR_GRAY2BGR), cv2.COLORMAP_VIRIDIS)
    output = cv2.addWeighted(cv2.cvtColor(np.asarray(source), cv2.COLOR_RGB2BGR), 0.7, coloured, 1, 0)
    save('overlay-map', heat.astype(np.float32))
    save('overlay-tf-explain', cv2.cvtColor(output, cv2.COLOR_BGR2RGB))
    steps = np.arange(256, dtype=np.uint8)
    picture, colour = (np.ascontiguousarray(a) for a in np.meshgrid(steps, steps))
    save('add-weighted', cv2.addWeighted(picture, 0.7, colour, 1, 0))  # [colour, picture]


def hugging_face():
    import transformers as t
    cases = {
        'vit': (t.ViTImageProcessor, dict(size={'height': 28, 'width': 28}, resample=2)),
        'clip': (t.CLIPImageProcessor, dict(size={'shortest_edge': 28}, crop_size=28, resample=3)),
        'clip-large-crop': (t.CLIPImageProcessor, dict(size={'shortest_edge': 21}, crop_size={'height': 28, 'width': 28}, resample=3)),
        'clip-odd': (t.CLIPImageProcessor, dict(size={'shortest_edge': 31}, crop_size={'height': 28, 'width': 26}, resample=2)),
        'convnext': (t.ConvNextImageProcessor, dict(size={'shortest_edge': 28}, crop_pct=0.875, resample=3)),
        'mobilevit': (t.MobileViTImageProcessor, dict(size={'shortest_edge': 36}, crop_size={'height': 28, 'width': 28})),
        'efficientnet': (t.EfficientNetImageProcessor, dict(size={'height': 28, 'width': 28})),
        'efficientnet-offset': (t.EfficientNetImageProcessor, dict(size={'height': 28, 'width': 28}, rescale_factor=1 / 127.5, rescale_offset=True, include_top=False, do_normalize=False)),
        'levit': (t.LevitImageProcessor, dict(size={'shortest_edge': 28}, crop_size={'height': 28, 'width': 28})),
        'raw': (t.ViTImageProcessor, dict(size={'height': 28, 'width': 28}, do_rescale=False, do_normalize=False)),
    }
    listed = []
    for name, (kind, options) in cases.items():
        processor = kind(**options)
        config = json.loads(processor.to_json_string())
        values = processor(source, return_tensors='np')['pixel_values']
        save(f'hf-{name}', values.astype(np.float32))
        listed.append({'file': f'hf-{name}.npy', 'name': name, 'config': config})
    return listed


def torch_part():
    import sys
    from pytorch_grad_cam.utils.image import scale_cam_image, show_cam_on_image
    from torchvision import transforms as T
    cases = []
    for name, picture in {'wide': source, 'tall': source.transpose(Image.Transpose.ROTATE_90), 'small': source.resize((20, 25))}.items():
        for resize, crop in [(32, 28), (31, 28), (28, 28), (33, 28), (24, 28)]:
            chain = T.Compose([T.Resize(resize), T.CenterCrop(crop), T.ToTensor(),
                               T.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
            file = f'torchvision-{name}-{resize}-{crop}.npy'
            save(file[:-4], chain(picture).numpy()[None])
            cases.append({'file': file, 'picture': f'picture-{name}.npy', 'resize': resize, 'crop': crop})
        save(f'picture-{name}', np.asarray(picture))
    heat = np.load(OUT / 'overlay-map.npy')
    image = np.float32(np.asarray(source)) / 255
    save('overlay-pytorch-grad-cam', show_cam_on_image(image, heat, use_rgb=True))
    save('overlay-pytorch-grad-cam-70', show_cam_on_image(image, heat, use_rgb=True, image_weight=0.7))
    layers = [np.maximum(m, 0)[None] for m in maps().values()]
    resized = [scale_cam_image(m, (32, 24))[:, None] for m in layers]
    for count in (1, 2):
        fused = np.maximum(np.concatenate(resized[:count], axis=1), 0).mean(axis=1)
        save(f'finished-pytorch-grad-cam-{count}', scale_cam_image(fused)[0])
    (OUT / 'torchvision.json').write_text(json.dumps(cases, indent=1) + '\n')


def finished():
    """What the peers make of a raw map, by their own lines (formulas in the docs of POSTPROCESS)."""
    import scipy.ndimage
    import skimage.transform
    raw = maps()['cam7x7']
    relu = np.maximum(raw, 0)
    heat = cv2.resize(raw, (32, 24))
    save('finished-tf-explain', (heat - heat.min()) / (heat.max() - heat.min()))
    zoomed = scipy.ndimage.zoom(relu, (24 / 7, 32 / 7), order=1)
    save('finished-tf-keras-vis', (zoomed - zoomed.min()) / (zoomed.max() - zoomed.min() + 1e-7))
    save('finished-torch-cam', (relu - relu.min()) / (relu.max() - relu.min() + 1e-8))
    save('finished-saliency', skimage.transform.resize(relu / relu.max(), (24, 32), order=1, mode='reflect').astype(np.float32))


def photo_hashes():
    """Whole photos: SHA-256 of what Pillow makes of them, so that the decoded bytes and the resize are checked together."""
    import hashlib
    result = {}
    for photo in sorted(PHOTOS.iterdir()):
        with Image.open(photo) as opened:
            picture = opened.convert('RGB')
        entry = {'size': picture.size, 'decoded': hashlib.sha256(picture.tobytes()).hexdigest()}
        for kernel, number in {'bilinear': 2, 'bicubic': 3}.items():
            entry[kernel] = hashlib.sha256(picture.resize((256, 224), number).tobytes()).hexdigest()
        result[photo.name] = entry
    return result


if __name__ == '__main__':
    if sys.argv[1:] == ['torch']:
        torch_part()
    else:
        tf_explain_overlay()
        finished()
        cases = {'resample': resampling(), 'mapResize': map_resizing(), 'huggingFace': hugging_face(), 'photos': photo_hashes()}
        (OUT / 'cases.json').write_text(json.dumps(cases, indent=1) + '\n')
