#!/usr/bin/env python3
"""Golden vectors of the core, from a model that shares no code with it.

    python3 model.py            write fx18.json, fx16.json, f32.json, f64.json beside this file
    python3 model.py --check    only compare them with what would be written; exit 1 where one differs

Python 3.9 or later, standard library only; the number formats are in arith.py. The only input is the Gaussian's table
of coefficients, core/src/noise/gauss_table.rs, which `cargo xtask tables --check` holds to its own generator.
"""

import json
import math
import re
import struct
import sys
from fractions import Fraction
from pathlib import Path

sys.dont_write_bytecode = True  # No cache beside the sources.
from arith import Fixed, Float, f32, f64

HERE = Path(__file__).resolve().parent
TABLE = HERE.parent.parent / "core" / "src" / "noise" / "gauss_table.rs"
ORIGIN = {"generator": "tests/golden/model.py", "version": 1}
SWEEPS, MALA_SWEEPS = 5, 12
M32 = 0xFFFFFFFF

# ---------------------------------------------------------------------------------------------------- words and noise


def threefry(key, counter):
    """Threefry-2x32-20 (Salmon et al., SC11)."""
    k = [key[0], key[1], 0x1BD11BDA ^ key[0] ^ key[1]]
    x0, x1 = (counter[0] + k[0]) & M32, (counter[1] + k[1]) & M32
    for r in range(20):
        rotation = (13, 15, 26, 6, 17, 29, 16, 24)[r % 8]
        x0 = (x0 + x1) & M32
        x1 = ((x1 << rotation | x1 >> (32 - rotation)) & M32) ^ x0
        if r % 4 == 3:
            g = r // 4 + 1
            x0, x1 = (x0 + k[g % 3]) & M32, (x1 + k[(g + 1) % 3] + g) & M32
    return x0, x1


NOISE, START, ACCEPT = 0, 1, 2


def stream(seed, chain, kind):
    """`word(step, site)` of one stream of one chain, for fewer than 2^21 sites."""
    key = threefry((seed & M32, seed >> 32), (chain, kind << 16))
    return lambda step, site: threefry(key, (step & M32, (step >> 32 & 0xFFF) << 20 | site // 2))[site % 2]


def segments():
    row = re.compile(r"Segment \{ c0: *(-?\d+), c1: *(-?\d+), c2: *(-?\d+) \}")
    found = [tuple(map(int, m.groups())) for m in row.finditer(TABLE.read_text())]
    assert len(found) == 64, f"{TABLE}: {len(found)} segments"
    return found


SEGMENTS = segments()


def gaussian(u, width):
    v = (u << 1 | 1) & M32
    lz = 32 - v.bit_length()
    n = v << lz
    c0, c1, c2 = SEGMENTS[min(4 * lz + (n >> 29), 34 + lz) & 63]
    t = (n >> 16) - 65536
    r = (c2 * t + c1 * 2**14) >> 15
    acc = c0 + r * t
    size = acc >> 15 if width == 18 else (acc + 2 ** (32 - width) - 2**14) >> (33 - width)
    return -size if u >> 31 else size


def three_point(u, width):
    a = round(math.sqrt(3.0) * 2 ** (width - 4))
    threshold = round(Fraction(2**31 * 4 ** (width - 4), a * a))
    size = a if u & 0x7FFFFFFF < threshold else 0
    return -size if u >> 31 else size


LAWS = {"gaussian": gaussian, "three-point": three_point}

# ------------------------------------------------------------------------------------------------------------ lattice


def neighbours(extents):
    """For each site (back, ahead) in every direction: the fastest one first, then the slowest, then those between."""
    dims = len(extents)
    order = [] if dims == 0 else [dims - 1] if dims == 1 else [dims - 1, 0] + list(range(dims - 2, 0, -1))
    table = []
    for x in range(math.prod(extents)):
        pairs = []
        for mu in order:
            stride = math.prod(extents[mu + 1 :])
            c = x // stride % extents[mu]
            move = lambda to: x + (to % extents[mu] - c) * stride
            pairs.append((move(c - 1), move(c + 1)))
        table.append(pairs)
    return table


def total(a, phi, pairs):
    out = None
    for back, ahead in pairs:
        pair = a.add(phi[back], phi[ahead])
        out = pair if out is None else a.add(out, pair)
    return 0 if out is None else out


# -------------------------------------------------------------------------------------------------------- integrators


def chain(a, case):
    """Bits of every sweep, and the final counters."""
    extents, eps0 = case["extents"], case["eps"]
    kappa, b, lam = case["kappa"], case["b"], case["lambda"]
    kind = case["integrator"]
    seed, number = int(case["seed"], 16), case["chain"]
    scale = 0.5 if kind == "leimkuhler-matthews" else 2.0
    sigma, amplitude = a.sigma(math.sqrt(scale * eps0))
    eps = amplitude * amplitude / scale
    k = a.gain(2.0 * kappa * eps), a.slope(-2.0 * b * eps), a.gain(4.0 * lam * eps)
    near, sites = neighbours(extents), range(math.prod(extents))
    words, starts, accepts = (stream(seed, number, tag) for tag in (NOISE, START, ACCEPT))
    law = LAWS[case["noise"]]
    eta = lambda step: [a.eta(law(words(step, x), a.noise_width)) for x in sites]

    def euler(phi, r):
        """Before rounding."""
        force = lambda x: a.drift(k, phi[x], total(a, phi, near[x]))
        return [a.add(a.add(a.wide(phi[x]), force(x)), a.noise(sigma, r[x])) for x in sites]

    a.clipped = 0
    phi = [a.nearest(case["start_width"] * gaussian(starts(0, x), 18) * 2.0**-14) for x in sites]
    step, accepted, log_ratio, sweeps = case["first_step"], 0, 0.0, []
    for _ in range(MALA_SWEEPS if kind == "mala" else SWEEPS):
        r = eta(step)
        taken = True
        if kind == "euler":
            phi = [a.narrow(w) for w in euler(phi, r)]
        elif kind == "leimkuhler-matthews":
            phi = [a.narrow(w) for w in euler(phi, [a.add(p, q) for p, q in zip(r, eta(step + 1))])]
        elif kind == "heun":
            y = [a.narrow(w) for w in euler(phi, r)]
            phi = [a.narrow_half(a.add(a.wide(p), w)) for p, w in zip(phi, euler(y, r))]
        else:
            y = [a.narrow(w) for w in euler(phi, r)]
            counted = a.clipped
            proposal, change = 0, [0, 0, 0]
            for x in sites:
                sx, sy = total(a, phi, near[x]), total(a, y, near[x])
                proposal += a.proposal(phi[x], y[x], a.drift(k, phi[x], sx), a.drift(k, y[x], sy))
                before, after = a.terms(phi[x], sx), a.terms(y[x], sy)
                change = [c + a.change(p, q) for c, p, q in zip(change, before, after)]
            a.clipped = counted
            ds = sum(g * (float(c) * 2.0**-32) for g, c in zip((-kappa, b, lam), change))
            variance = 2.0 * eps + a.lsb * a.lsb / 12.0
            log_ratio = -ds - float(proposal) / 2.0**40 / (2.0 * variance)
            word = accepts(step, 1) << 32 | accepts(step, 0)
            taken = math.log(((word >> 11) + 0.5) * 2.0**-53) < log_ratio
            phi = y if taken else phi
        accepted += taken
        step += 1
        sweeps.append(" ".join(map(a.bits, phi)))
    log_ratio_bits = f"{int.from_bytes(struct.pack('<d', log_ratio), 'little'):016x}"
    return {"phi": sweeps, "clipped": a.clipped, "accepted": accepted, "log_ratio": log_ratio_bits}


# -------------------------------------------------------------------------------------------------------------- cases

KAPPA_FORM = lambda kappa, lam: {"kappa": kappa, "b": 1.0 - 2.0 * lam, "lambda": lam}

# Near-critical, a ring that starts where the steps cross 2^32, a double well from beyond its wells, frustrated, free.
# MALA takes steps as large as 18 bits can hold, so that some proposals are rejected.
PLACES = [
    {"extents": [4, 6], **KAPPA_FORM(0.27, 0.022), "eps": (0.04, 0.11), "first_step": 0, "start_width": 1.0},
    {"extents": [5], **KAPPA_FORM(0.4, 0.1), "eps": (0.03, 0.07), "first_step": 2**32 - 2, "start_width": 1.0},
    {"extents": [], "kappa": 0.0, "b": -0.5, "lambda": 0.4 / 24.0, "eps": (0.1, 0.24), "first_step": 0,
     "start_width": 3.5},
    {"extents": [2, 3, 4], **KAPPA_FORM(-0.15, 0.1), "eps": (0.02, 0.15), "first_step": 7, "start_width": 2.0},
    {"extents": [2, 2, 3, 2], "kappa": 0.1, "b": 1.2, "lambda": 0.0, "eps": (0.04, 0.1), "first_step": 0,
     "start_width": 2.5},
]
INTEGRATORS = ["euler", "leimkuhler-matthews", "heun", "mala"]
FORMATS = [Fixed(18), Fixed(16), Float("f32", f32), Float("f64", f64)]


def cases(a):
    for i, integrator in enumerate(INTEGRATORS):
        for p, place in enumerate(PLACES):
            # Every fifth case has the other noise; seeds use all 64 bits.
            noise = "three-point" if (i + p) % 5 == 4 else "gaussian"
            seed = f"{0x9E3779B97F4A7C15 * (10 * i + p + 1) & (2**64 - 1):016x}"
            case = {"integrator": integrator, **place, "noise": noise, "seed": seed, "chain": p}
            case["eps"] = place["eps"][integrator == "mala"]
            yield {**case, **chain(a, case)}


def document(a):
    rows = ",\n".join("  " + json.dumps(case) for case in cases(a))
    head = json.dumps({**ORIGIN, "format": a.name})[1:-1]
    return f'{{{head}, "cases": [\n{rows}\n]}}\n'


def main():
    stale = []
    for a in FORMATS:
        path, text = HERE / f"{a.name}.json", document(a)
        if "--check" not in sys.argv[1:]:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"not what model.py writes: {', '.join(stale)}")


if __name__ == "__main__":
    assert threefry((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3)) == (0xC4923A9C, 0x483DF7A0)
    main()
