"""Who is photographed: patients, and the lesions each of them has.

A lesion has a severity from 0 to 1. Benign and malignant ones overlap in it (means BENIGN and MALIGNANT, standard deviation
SPREAD), so that an ideal observer of the severity reaches an AUC of Phi((MALIGNANT - BENIGN) / (SPREAD * sqrt 2)) and no more.
What is drawn (asymmetry, border, colours, veil) follows the severity with noise of its own.
"""

from dataclasses import dataclass

import numpy as np

BENIGN, MALIGNANT, SPREAD = 0.32, 0.68, 0.165
TONES = ("I", "II", "III", "IV", "V", "VI")
# Most data sets of dermoscopy show light skin; here the dark tones are rarer, not missing.
TONE_SHARES = (0.17, 0.24, 0.22, 0.16, 0.12, 0.09)
SITES = ("head/neck", "anterior torso", "posterior torso", "upper limb", "lower limb", "palms/soles")
SITE_SHARES = (0.14, 0.25, 0.27, 0.13, 0.17, 0.04)


@dataclass(frozen=True)
class Patient:
    name: str
    tone: int
    age: int
    sex: str
    # How many hairs a picture has on average, and how brown the moles of this patient are.
    hair: float
    pigment: float
    # Dermatoscope: 0 plain, 1 strong vignette, 2 round field of view.
    device: int
    warmth: float


@dataclass(frozen=True)
class Case:
    """One lesion, one picture. `seed` decides every stroke of it; marks are dealt out elsewhere."""

    id: str
    patient: Patient
    malignant: bool
    severity: float
    asymmetry: float
    border: float
    colours: float
    veil: float
    site: str
    seed: tuple


def people(seed, first, counts, malignant_share):
    """One patient for each of `counts` (its number of pictures); cases in order. Names go on from `first`."""
    cases = []
    for index, count in enumerate(counts, start=first):
        rng = np.random.default_rng([seed, index])
        tone = int(rng.choice(len(TONES), p=TONE_SHARES))
        age = int(np.clip(rng.normal(54, 15), 18, 90))
        patient = Patient(
            name=f"P{index:03d}",
            tone=tone,
            age=age,
            sex=str(rng.choice(["female", "male"])),
            hair=float(rng.choice([0, 3, 9, 20], p=[0.35, 0.3, 0.22, 0.13])),
            pigment=float(rng.uniform(0.75, 1.3)),
            device=int(rng.choice(3, p=[0.5, 0.3, 0.2])),
            warmth=float(rng.normal(0, 0.035)),
        )
        # Older patients have more malignant lesions, as in clinics.
        risk = float(np.clip(malignant_share + (age - 54) * 0.005 + rng.normal(0, 0.08), 0.05, 0.9))
        for number in range(count):
            malignant = bool(rng.random() < risk)
            severity = float(np.clip(rng.normal(MALIGNANT if malignant else BENIGN, SPREAD), 0, 1))
            traits = np.clip(severity + rng.normal(0, 0.15, 4), 0, 1)
            cases.append(
                Case(
                    id=f"P{index:03d}-{number + 1:02d}",
                    patient=patient,
                    malignant=malignant,
                    severity=severity,
                    asymmetry=float(traits[0]),
                    border=float(traits[1]),
                    colours=float(traits[2]),
                    veil=float(traits[3]),
                    site=str(rng.choice(SITES, p=SITE_SHARES)),
                    seed=(seed, index, number),
                )
            )
    return cases
