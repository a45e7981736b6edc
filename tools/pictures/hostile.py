"""Odd and broken picture files and .npy variants, with what Pillow and numpy read in them.

fixtures/pictures/*           small pictures; expected.json: size and first pixels after EXIF rotation and flattening on white
fixtures/pictures/npy/*.npy   the same array in every type, order and version numpy writes
"""
import io
import json
import pathlib

import numpy as np
from PIL import Image, ImageOps

ROOT = pathlib.Path(__file__).resolve().parents[2]
OUT = ROOT / 'fixtures/pictures'
NPY = OUT / 'npy'
NPY.mkdir(parents=True, exist_ok=True)
expected = {}

# A 12x8 picture in which every quadrant has its own colour, so that a rotation is seen.
base = np.zeros((8, 12, 3), np.uint8)
base[:4, :6], base[:4, 6:], base[4:, :6], base[4:, 6:] = (200, 30, 30), (30, 180, 40), (40, 50, 210), (230, 220, 60)
rgb = Image.fromarray(base)


def corners(picture):
    picture = picture.convert('RGB')
    w, h = picture.size
    return [list(picture.getpixel(p)) for p in ((1, 1), (w - 2, 1), (1, h - 2), (w - 2, h - 2))]


def record(name, picture, tolerance=0, notes=None):
    expected[name] = {'size': list(picture.size), 'corners': corners(picture), 'tolerance': tolerance, 'notes': notes}


rgb.save(OUT / 'plain.png')
record('plain.png', rgb)
Image.fromarray(base[:1, :1]).save(OUT / 'one-pixel.png')
expected['one-pixel.png'] = {'size': [1, 1], 'corners': [[200, 30, 30]], 'tolerance': 0, 'notes': None}
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    # A larger copy: JPEG mixes neighbouring blocks.
    large = rgb.resize((96, 64), 0)
    large.save(OUT / f'exif-{orientation}.jpg', quality=95, exif=exif, subsampling=0)
    with Image.open(OUT / f'exif-{orientation}.jpg') as opened:
        record(f'exif-{orientation}.jpg', ImageOps.exif_transpose(opened), 2)
one_bit = Image.fromarray((np.add.outer(np.arange(8), np.arange(13)) % 2 * 255).astype(np.uint8)).convert('1')
one_bit.save(OUT / 'one-bit.png')
record('one-bit.png', one_bit)
one_bit.save(OUT / 'one-bit.tif')
record('one-bit.tif', one_bit)
grey = rgb.convert('L')
grey.save(OUT / 'grey.png')
record('grey.png', grey)
rgb.quantize(8).save(OUT / 'palette.png')
record('palette.png', rgb.quantize(8))
# 16 bits: v * 257 must come back as v, and a value between two bytes may be rounded either way.
wide = (np.asarray(grey).astype(np.uint16) * 257)
Image.fromarray(wide).save(OUT / 'grey16.png')
record('grey16.png', grey)
Image.fromarray(wide).save(OUT / 'grey16.tif')
record('grey16.tif', grey)
low = (np.asarray(grey).astype(np.uint16) * 4)
Image.fromarray(low).save(OUT / 'grey16-dark.png')
# 12 bits are what its values take, of 16.
record('grey16-dark.png', Image.fromarray((low >> 4).astype(np.uint8)), 0, '12 bits')
alpha = np.dstack([base, np.full((8, 12), 255, np.uint8)])
alpha[:4, :6, 3] = 0
alpha[4:, 6:, 3] = 128
rgba = Image.fromarray(alpha)
rgba.save(OUT / 'alpha.png')
record('alpha.png', Image.alpha_composite(Image.new('RGBA', rgba.size, 'white'), rgba), 1, 'ransparen')
grey_alpha = rgba.convert('LA')
grey_alpha.save(OUT / 'grey-alpha.png')
record('grey-alpha.png', Image.alpha_composite(Image.new('RGBA', rgba.size, 'white'), grey_alpha.convert('RGBA')), 1, 'ransparen')
rgb.resize((96, 64), 0).convert('CMYK').save(OUT / 'cmyk.jpg', quality=95, subsampling=0)
record('cmyk.jpg', Image.open(OUT / 'cmyk.jpg'), 2, 'CMYK')
frames = [rgb, rgb.transpose(0), rgb.transpose(1)]
frames[0].save(OUT / 'animated.gif', save_all=True, append_images=frames[1:], duration=100)
record('animated.gif', rgb, 3, 'first of 3')
frames[0].save(OUT / 'animated.webp', save_all=True, append_images=frames[1:], duration=100, lossless=True)
record('animated.webp', rgb, 0, 'first of 3')
frames[0].save(OUT / 'pages.tif', save_all=True, append_images=frames[1:])
record('pages.tif', rgb, 0, 'first of 3')

# Broken ones.
whole = (OUT / 'exif-1.jpg').read_bytes()
(OUT / 'truncated.jpg').write_bytes(whole[: len(whole) // 2])
png = bytearray((ROOT / 'fixtures/pictures/plain.png').read_bytes())
(OUT / 'truncated.png').write_bytes(bytes(png[: len(png) // 2]))
(OUT / 'empty.png').write_bytes(b'')
(OUT / 'text.jpg').write_text('This is a note, not a picture.\n')
(OUT / 'page.png').write_text('<!doctype html><html><body>404 Not Found</body></html>\n')
# A header that claims 50000 x 50000 pixels.
import struct
import zlib


def chunk(kind, body):
    return struct.pack('>I', len(body)) + kind + body + struct.pack('>I', zlib.crc32(kind + body))


(OUT / 'bomb.png').write_bytes(
    b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 50000, 50000, 8, 2, 0, 0, 0))
    + chunk(b'IDAT', zlib.compress(b'\0' * 1000)) + chunk(b'IEND', b''))
(OUT / 'expected.json').write_text(json.dumps(expected, indent=1) + '\n')

# .npy
values = np.array([[0, 1, 2], [3, 5, 100]])
arrays = {}
for kind in ['bool', 'int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64', 'float16', 'float32', 'float64']:
    array = values.astype(kind)
    if kind.startswith('float'):
        array = array - np.asarray(0.375, kind)
    elif kind.startswith('int'):
        array = -array
    arrays[f'{kind}.npy'] = (array, None)
    if array.dtype.itemsize > 1:
        arrays[f'{kind}-big.npy'] = (array.astype(array.dtype.newbyteorder('>')), None)
three = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
arrays['fortran.npy'] = (np.asfortranarray(three), None)
arrays['fortran-int8.npy'] = (np.asfortranarray(three.astype(np.int8)), None)
arrays['vector.npy'] = (np.arange(5, dtype=np.float32), None)
arrays['scalar.npy'] = (np.float32(7.5), None)
arrays['empty.npy'] = (np.zeros((0, 3), np.float32), None)
arrays['version2.npy'] = (three, (2, 0))
arrays['version3.npy'] = (three, (3, 0))
listed = {}
for name, (array, version) in arrays.items():
    with open(NPY / name, 'wb') as file:
        np.lib.format.write_array(file, np.asarray(array), version=version)
    listed[name] = {'shape': list(np.shape(array)), 'values': [float(v) for v in np.asarray(array).reshape(-1)]}
(NPY / 'expected.json').write_text(json.dumps(listed) + '\n')
print(len(expected), 'pictures', len(listed), 'arrays')
