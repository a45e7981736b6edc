"""DICOM files of many kinds, written with pydicom, and what pydicom makes of them.

Writes fixtures/dataset/dicom/*.dcm and expected.json: per file and frame the picture as 8-bit samples, row by row: grey through pydicom's
apply_rescale and apply_voi_lut onto 0..255 (MONOCHROME1 turned round), colours as RGB.
"""
import base64
import json
from pathlib import Path

import imagecodecs
import numpy as np
from pydicom import Dataset, FileMetaDataset, dcmread
from pydicom.encaps import encapsulate
from pydicom.pixels import apply_color_lut, convert_color_space, pixel_array, processing
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, HTJ2K, HTJ2KLossless,
    ImplicitVRLittleEndian,
    JPEG2000, JPEG2000Lossless, JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLSLossless, JPEGLSNearLossless, RLELossless,
    SecondaryCaptureImageStorage,
)

OUT = Path(__file__).resolve().parents[2] / "fixtures" / "dataset" / "dicom"
OUT.mkdir(parents=True, exist_ok=True)
for old in OUT.iterdir():
    old.unlink()
H, W = 24, 32
yy, xx = np.mgrid[0:H, 0:W]
rng = np.random.default_rng(5)
disc = (yy - 12) ** 2 + (xx - 14) ** 2 < 60
ct = (disc * 900 + xx * 12 + yy * 5 + rng.integers(0, 40, (H, W))).astype(np.uint16)
grey8 = np.clip(disc * 120 + xx * 3 + yy, 0, 255).astype(np.uint8)
colour = np.stack([np.clip(xx * 8, 0, 255), np.clip(yy * 10, 0, 255), np.where(disc, 220, 40)], -1).astype(np.uint8)
expected = {}


def base(array, *, syntax=ExplicitVRLittleEndian, photometric=None, stored=None, signed=False, frames=None, planar=None):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = SecondaryCaptureImageStorage
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = "1.2.826.0.1.3680043.8.498.1"
    ds.PatientID = "P-17"
    ds.PatientName = "Nobody^Must^See"
    ds.PatientAge = "061Y"
    ds.PatientSex = "F"
    ds.Modality = "CT"
    ds.Manufacturer = "Fixture"
    ds.BodyPartExamined = "SKIN"
    shape = array.shape[1:] if frames else array.shape
    ds.Rows, ds.Columns = shape[:2]
    ds.SamplesPerPixel = 1 if len(shape) == 2 else 3
    ds.PhotometricInterpretation = photometric or ("MONOCHROME2" if len(shape) == 2 else "RGB")
    if ds.SamplesPerPixel == 3:
        ds.PlanarConfiguration = planar or 0
    ds.BitsAllocated = array.dtype.itemsize * 8
    ds.BitsStored = stored or ds.BitsAllocated
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(signed)
    if frames:
        ds.NumberOfFrames = frames
    return ds


def windowed(values, ds):
    """Only what pydicom computes itself: with a modality table its output range is that table's, so the window is told apart."""
    if "ModalityLUTSequence" not in ds:
        return processing.apply_windowing(values, ds)
    plain = Dataset()
    plain.PhotometricInterpretation, plain.BitsStored, plain.PixelRepresentation = "MONOCHROME2", 16, 0
    plain.WindowCenter, plain.WindowWidth = ds.WindowCenter, ds.WindowWidth
    return processing.apply_windowing(values, plain) * (2 ** ds.BitsStored - 1) / 65535


def look(ds, index):
    """pydicom's picture of a frame, 0..255, as floats."""
    # Frames of single bits that do not begin on a byte are found in the whole only.
    raw = pixel_array(ds, raw=True)[index] if ds.BitsAllocated == 1 else pixel_array(ds, index=index, raw=True)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        wide = apply_color_lut(raw, ds)
        return wide.astype(float) * 255 / (2 ** ds.RedPaletteColorLookupTableDescriptor[2] - 1)
    if ds.SamplesPerPixel == 3:
        # pixel_array turns YCbCr into RGB unless it is told to leave it raw.
        # Baseline JPEG by libjpeg-turbo, as sharp has it: decoders differ in how they enlarge the chroma samples.
        plugin = "pillow" if ds.file_meta.TransferSyntaxUID == JPEGBaseline8Bit else ""
        return pixel_array(ds, index=index, decoding_plugin=plugin).astype(float) * 255 / (2 ** ds.BitsStored - 1)
    source = ds
    for group in [*ds.get("PerFrameFunctionalGroupsSequence", [])[index:index + 1], *ds.get("SharedFunctionalGroupsSequence", [])]:
        for name in ("FrameVOILUTSequence", "PixelValueTransformationSequence"):
            if name in group:
                for element in group[name][0]:
                    source[element.tag] = element
    values = processing.apply_modality_lut(raw, source).astype(float)
    if "VOILUTSequence" in ds:
        out = processing.apply_voi(values.astype(int), ds).astype(float) * 255 / (2 ** ds.VOILUTSequence[0].LUTDescriptor[2] - 1)
    elif "WindowWidth" in source:
        # Its output spans the stored bits, rescaled.
        low, high = (0, 2 ** ds.BitsStored - 1) if not ds.PixelRepresentation else (-(2 ** (ds.BitsStored - 1)), 2 ** (ds.BitsStored - 1) - 1)
        slope, intercept = float(source.get("RescaleSlope", 1)), float(source.get("RescaleIntercept", 0))
        low, high = low * slope + intercept, high * slope + intercept
        out = (windowed(values, source) - low) * 255 / (high - low)
    elif "PixelData" in ds and ds.BitsStored <= 8 and not ds.PixelRepresentation:
        out = values * 255 / (2 ** ds.BitsStored - 1)
    else:
        padding = next((ds[name].value for name in ("PixelPaddingValue", "FloatPixelPaddingValue") if name in ds), None)
        keep = values[np.isfinite(values) & (raw != padding)]
        out = np.clip((np.nan_to_num(values, nan=keep.min(), posinf=keep.max()) - keep.min()) * 255 / (keep.max() - keep.min()), 0, 255)
    return 255 - out if ds.PhotometricInterpretation == "MONOCHROME1" else out


def save(name, ds, tolerance=0):
    path = OUT / f"{name}.dcm"
    ds.save_as(path, enforce_file_format=True)
    back = dcmread(path)
    frames = int(back.get("NumberOfFrames", 1))
    pictures = []
    for index in range(frames):
        picture = np.clip(np.floor(look(dcmread(path), index) + 0.5), 0, 255).astype(np.uint8)
        pictures.append(base64.b64encode(picture.tobytes()).decode())
    expected[path.name] = {
        "syntax": str(back.file_meta.TransferSyntaxUID.name),
        "size": [int(back.Columns), int(back.Rows)],
        "channels": 1 if back.SamplesPerPixel == 1 and back.PhotometricInterpretation != "PALETTE COLOR" else 3,
        "tolerance": tolerance,
        "frames": pictures,
    }


def native(name, array, tolerance=0, change=None, **options):
    ds = base(array, **options)
    if change:
        change(ds)
    data = array.astype(array.dtype.newbyteorder(">")) if ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian else array
    if options.get("planar"):
        data = np.moveaxis(array, -1, 0)
    raw = np.ascontiguousarray(data).tobytes()
    ds.PixelData = raw + b"\0" * (len(raw) % 2)
    ds["PixelData"].VR = "OB" if ds.BitsAllocated <= 8 else "OW"
    save(name, ds, tolerance)


def packed(name, coded, syntax, array, tolerance=0, change=None, **options):
    ds = base(array, syntax=syntax, **options)
    if change:
        change(ds)
    ds.PixelData = encapsulate(coded)
    ds["PixelData"].VR = "OB"
    ds["PixelData"].is_undefined_length = True
    save(name, ds, tolerance)


def window(center, width, voi=None, slope=1, intercept=0):
    def change(ds):
        ds.RescaleSlope, ds.RescaleIntercept = slope, intercept
        ds.WindowCenter, ds.WindowWidth = center, width
        if voi:
            ds.VOILUTFunction = voi
    return change


ct_window = window(40, 400, slope=1, intercept=-600)
for name, syntax in [("implicit", ImplicitVRLittleEndian), ("explicit", ExplicitVRLittleEndian), ("big-endian", ExplicitVRBigEndian), ("deflated", DeflatedExplicitVRLittleEndian)]:
    native(f"ct-{name}", ct, syntax=syntax, stored=12, change=ct_window)
native("window-several", ct, stored=12, change=window([200, 40], [800, 400], intercept=-600))
native("window-linear-exact", ct, stored=12, change=window(40, 400, "LINEAR_EXACT", intercept=-600))
native("window-sigmoid", ct, stored=12, change=window(40, 400, "SIGMOID", intercept=-600))
native("slope", ct, stored=12, change=window(30, 60, slope=0.25, intercept=-100.5))
native("no-window-16", ct, stored=12)
native("no-window-8", grey8)
native("signed", (ct.astype(np.int16) - 700), signed=True, change=window(-100, 900))
native("signed-12", ((ct.astype(np.int16) - 700) & 0x0FFF).astype(np.uint16), stored=12, signed=True, change=window(-100, 900))
native("monochrome1", ct, stored=12, photometric="MONOCHROME1", change=ct_window)
native("monochrome1-8", grey8, photometric="MONOCHROME1")
padded = ct.copy()
padded[:4] = 4095


def padding(ds):
    ds.PixelPaddingValue = 4095


native("padding", padded, stored=12, change=padding)


def voi_lut(ds):
    item = Dataset()
    item.LUTDescriptor = [512, 100, 12]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = np.clip(np.rint(4095 * np.linspace(0, 1, 512) ** 2), 0, 4095).astype(np.uint16).tobytes()
    item["LUTData"].VR = "OW"
    ds.VOILUTSequence = Sequence([item])
    ds.WindowCenter, ds.WindowWidth = 40, 400


native("voi-lut", ct, stored=12, change=voi_lut)


def modality_lut(ds):
    item = Dataset()
    item.LUTDescriptor = [1024, 0, 16]
    item["LUTDescriptor"].VR = "US"
    item.LUTData = (np.arange(1024, dtype=np.uint16) * 3 + 7).astype(np.uint16).tobytes()
    item["LUTData"].VR = "OW"
    ds.ModalityLUTSequence = Sequence([item])
    ds.WindowCenter, ds.WindowWidth = 1000, 1500


native("modality-lut", ct, stored=12, change=modality_lut)


def high_bits(ds):
    ct_window(ds)
    ds.HighBit = 15


native("high-bits", (ct << 4).astype(np.uint16), stored=12, change=high_bits)
# pydicom takes the lowest bits whatever HighBit says: the same picture, moved up by four bits, is the reference.
expected["high-bits.dcm"]["frames"] = expected["ct-explicit.dcm"]["frames"]
native("rgb", colour)
native("rgb-planar", colour, planar=1)
ybr = convert_color_space(colour, "RGB", "YBR_FULL")
native("ybr-full", ybr, photometric="YBR_FULL", tolerance=1)
even = ybr.copy()
pairs = np.empty((H, W // 2, 4), np.uint8)
pairs[..., 0], pairs[..., 1] = ybr[:, 0::2, 0], ybr[:, 1::2, 0]
pairs[..., 2], pairs[..., 3] = ybr[:, 0::2, 1], ybr[:, 0::2, 2]
ds = base(ybr, photometric="YBR_FULL_422")
ds.PixelData = pairs.tobytes()
ds["PixelData"].VR = "OB"
save("ybr-422", ds, 1)


def palette(bits, dtype):
    def change(ds):
        levels = 2**bits - 1
        t = np.linspace(0, 1, 256)
        for name, curve in [("Red", t), ("Green", t**2), ("Blue", 1 - t)]:
            setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
            ds[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
            setattr(ds, f"{name}PaletteColorLookupTableData", np.rint(curve * levels).astype(dtype).tobytes())
            ds[f"{name}PaletteColorLookupTableData"].VR = "OW"
    return change


native("palette-16", grey8, photometric="PALETTE COLOR", change=palette(16, np.uint16))
native("palette-8", grey8, photometric="PALETTE COLOR", change=palette(8, np.uint8))


# Bytes written as words: in a big-endian file the two of each word change places. Frames of 15 bytes begin within one.
ds = base(np.stack([colour[:5, :1], colour[9:14, 8:9]]), syntax=ExplicitVRBigEndian, frames=2)
raw = np.stack([colour[:5, :1], colour[9:14, 8:9]]).tobytes()
ds.PixelData = np.frombuffer(raw, np.uint16).byteswap().tobytes()
ds["PixelData"].VR = "OW"
save("big-endian-words", ds)
# A preamble that is the beginning of a TIFF file, as dual files have it.
native("tiff-preamble", ct, stored=12, change=lambda ds: (ct_window(ds), setattr(ds, "preamble", b"II*\0\x10\0\0\0" + bytes(120))))
stack = np.stack([np.roll(ct, i * 5, axis=1) for i in range(3)])
native("frames-native", stack, stored=12, frames=3, change=ct_window)
bits = np.stack([disc, ~disc, xx > 9]).astype(np.uint8)
odd = bits[:, :5, :7]
ds = base(odd.astype(np.uint8), frames=3)
ds.BitsAllocated = ds.BitsStored = 1
ds.HighBit = 0
raw = np.packbits(odd.ravel(), bitorder="little").tobytes()
ds.PixelData = raw + b"\0" * (len(raw) % 2)
ds["PixelData"].VR = "OB"
save("one-bit", ds)


def enhanced(ds):
    shared, per = Dataset(), []
    transformation = Dataset()
    transformation.RescaleSlope, transformation.RescaleIntercept, transformation.RescaleType = 1, -600, "HU"
    shared.PixelValueTransformationSequence = Sequence([transformation])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    for center, width in [(40, 400), (100, 800), (-200, 1500)]:
        item, voi = Dataset(), Dataset()
        voi.WindowCenter, voi.WindowWidth = center, width
        item.FrameVOILUTSequence = Sequence([voi])
        per.append(item)
    ds.PerFrameFunctionalGroupsSequence = Sequence(per)


native("enhanced", stack, stored=12, frames=3, change=enhanced)

# Compressed.
ds = base(stack, stored=12, frames=3)
ct_window(ds)
ds.PixelData = stack.tobytes()
ds["PixelData"].VR = "OW"
ds.compress(RLELossless)
save("rle-16", ds)
ds = base(colour)
ds.PixelData = colour.tobytes()
ds["PixelData"].VR = "OB"
ds.compress(RLELossless)
save("rle-rgb", ds)
packed("jpeg-grey", [imagecodecs.jpeg8_encode(grey8, level=90)], JPEGBaseline8Bit, grey8, 1)
packed("jpeg-ybr", [imagecodecs.jpeg8_encode(colour, level=95, colorspace="RGB", outcolorspace="YCBCR", subsampling="444")], JPEGBaseline8Bit, colour, 2, photometric="YBR_FULL")
packed("jpeg-ybr-422", [imagecodecs.jpeg8_encode(colour, level=95, colorspace="RGB", outcolorspace="YCBCR", subsampling="422")], JPEGBaseline8Bit, colour, 3, photometric="YBR_FULL_422")
packed("jpeg-frames", [imagecodecs.jpeg8_encode(np.roll(grey8, i * 3, 1), level=90) for i in range(3)], JPEGBaseline8Bit, np.stack([grey8] * 3), 1, frames=3)
packed("jpeg-lossless", [imagecodecs.ljpeg_encode(ct, bitspersample=12)], JPEGLossless, ct, stored=12, change=ct_window)
packed("jpeg-lossless-8", [imagecodecs.ljpeg_encode(grey8, bitspersample=8)], JPEGLossless, grey8)
packed("jpeg-ls", [imagecodecs.jpegls_encode(ct)], JPEGLSLossless, ct, stored=12, change=ct_window)
packed("jpeg-ls-near", [imagecodecs.jpegls_encode(ct, level=2)], JPEGLSNearLossless, ct, stored=12, change=ct_window)
packed("jpeg-ls-rgb", [imagecodecs.jpegls_encode(colour)], JPEGLSLossless, colour)
packed("jpeg2000", [imagecodecs.jpeg2k_encode(ct, reversible=True, codecformat="j2k", bitspersample=12)], JPEG2000Lossless, ct, stored=12, change=ct_window)
signed = ct.astype(np.int16) - 700
packed("jpeg2000-signed", [imagecodecs.jpeg2k_encode(signed, reversible=True, codecformat="j2k")], JPEG2000Lossless, signed, signed=True, change=window(-100, 900))
packed("jpeg2000-lossy", [imagecodecs.jpeg2k_encode(grey8, level=40, codecformat="j2k")], JPEG2000, grey8, 1)
packed("jpeg2000-rgb", [imagecodecs.jpeg2k_encode(colour, reversible=True, codecformat="j2k", mct=True)], JPEG2000Lossless, colour, photometric="YBR_RCT")
packed("jpeg2000-frames", [imagecodecs.jpeg2k_encode(frame, reversible=True, codecformat="j2k", bitspersample=12) for frame in stack], JPEG2000Lossless, stack, stored=12, frames=3, change=ct_window)

# High-throughput JPEG 2000, written by OpenJPH; what pydicom reads with OpenJPEG must be what was written.
packed("htj2k", [imagecodecs.htj2k_encode(ct, reversible=True)], HTJ2KLossless, ct, stored=16, change=ct_window)
assert (pixel_array(OUT / "htj2k.dcm", raw=True) == ct).all()
packed("htj2k-rgb", [imagecodecs.htj2k_encode(colour, reversible=True)], HTJ2KLossless, colour, photometric="YBR_RCT")
packed("htj2k-lossy", [imagecodecs.htj2k_encode(grey8, level=0.002)], HTJ2K, grey8, 1)
packed("htj2k-frames", [imagecodecs.htj2k_encode(frame, reversible=True) for frame in stack], HTJ2KLossless, stack, stored=16, frames=3, change=ct_window)


# Floating-point pixels: one is no number, a corner is padding.
def floating(name, array, tag, vr, change=None):
    ds = base(array)
    for gone in ("BitsStored", "HighBit", "PixelRepresentation"):
        delattr(ds, gone)
    setattr(ds, tag, array.tobytes())
    ds[tag].VR = vr
    if change:
        change(ds)
    save(name, ds)


suv = ct.astype(np.float32) / 300 - 1.5
floating("float-32", suv, "FloatPixelData", "OF")
holes = suv.copy()
holes[2, 3], holes[5, 6], holes[:3, :3] = np.nan, np.inf, -1000
floating("float-32-holes", holes, "FloatPixelData", "OF", lambda ds: setattr(ds, "FloatPixelPaddingValue", -1000.0))
floating("float-64", ct.astype(np.float64) / 7 - 3, "DoubleFloatPixelData", "OD")


# Palettes in segments: entries, lines, and the same segments again.
def segments(bits):
    top = 2**bits - 1
    low, high = (lambda offset: [offset % 65536, offset // 65536]) if bits == 16 else (lambda offset: list(offset.to_bytes(4, "little"))), top
    plain = [0, 2, 0, top // 9, 1, 100, high, 1, 154, top // 3]
    again = [0, 2, 9, 200, 1, 126, high, 2, 2, *low(0)]

    def change(ds):
        for name, words in [("Red", plain), ("Green", again), ("Blue", [0, 1, high, 1, 255, 0])]:
            setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, bits])
            ds[f"{name}PaletteColorLookupTableDescriptor"].VR = "US"
            data = np.array(words, np.uint16 if bits == 16 else np.uint8).tobytes()
            setattr(ds, f"Segmented{name}PaletteColorLookupTableData", data + b"\0" * (len(data) % 2))
            ds[f"Segmented{name}PaletteColorLookupTableData"].VR = "OW"
    return change


native("palette-segments-16", grey8, photometric="PALETTE COLOR", change=segments(16))

# What devices and old archives write: without what comes before the meta information, without all of it.
for name, source, cut in [
    ("no-preamble", "ct-explicit", lambda data: data[132:]),
    ("no-meta-explicit", "ct-explicit", lambda data: data[data.index(b"\x08\0\x16\0UI") :]),
    ("no-meta-implicit", "ct-implicit", lambda data: data[data.index(b"\x08\0\x16\0\x1a\0") :]),
]:
    (OUT / f"{name}.dcm").write_bytes(cut((OUT / f"{source}.dcm").read_bytes()))
    assert (dcmread(OUT / f"{name}.dcm", force=True).PixelData == dcmread(OUT / f"{source}.dcm").PixelData)
    expected[f"{name}.dcm"] = expected[f"{source}.dcm"]

# What is refused in a sentence: nothing in JavaScript decodes it.
ds = base(ct, syntax=JPEGExtended12Bit, stored=12)
ds.PixelData = encapsulate([imagecodecs.jpeg_encode(ct, level=95, bitspersample=12)])
ds["PixelData"].VR = "OB"
ds["PixelData"].is_undefined_length = True
ds.save_as(OUT / "refused-jpeg-12.dcm", enforce_file_format=True)
assert abs(pixel_array(OUT / "refused-jpeg-12.dcm", raw=True).astype(int) - ct).max() < 100

(OUT / "expected.json").write_text(json.dumps(expected, separators=(",", ":")) + "\n")
print(len(expected), sum(p.stat().st_size for p in OUT.iterdir()), "bytes")
