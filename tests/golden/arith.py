"""The number formats of the golden vectors' model: `Fixed(18)`, `Fixed(16)`, `Float("f32", f32)`, `Float("f64", f64)`.

Fixed point is done in Python's unbounded integers. f64 is Python's float, operations in the order in which the core
names them; f32 is f64 rounded after every operation: binary64 has more than twice the digits, so each such result is
the correctly rounded one.
"""

import math
import struct
from fractions import Fraction


def nearest_up(x):
    """Nearest integer of a Fraction, midpoints up."""
    return math.floor(x + Fraction(1, 2))


class Fixed:
    """Fx<W>: table in the head of core/src/arith/fx.rs. Every method works on plain integers."""

    def __init__(self, width):
        self.w, self.name, self.max = width, f"fx{width}", 2 ** (width - 1) - 1
        self.noise_width, self.lsb, self.hex = width, 2.0 ** (4 - width), -(-width // 4)

    def clip(self, n):
        self.clipped += abs(n) > self.max
        return max(-self.max, min(self.max, n))

    def nearest(self, value):
        return max(-self.max, min(self.max, nearest_up(Fraction(value) * 2 ** (self.w - 4))))

    def gain(self, value):
        return nearest_up(Fraction(value) * 2 ** (self.w + 3))

    def slope(self, value):
        return nearest_up(Fraction(value) * 2 ** (2 * self.w - 4))

    def sigma(self, value):
        # The nearest odd integer, and its value.
        n = 2 * math.floor(Fraction(value) * 2 ** (self.w - 2)) + 1
        return n, n / 2 ** (self.w - 1)

    def eta(self, n):
        return n

    def add(self, a, b):
        return a + b

    def drift(self, k, phi, total):
        hop, linear, cubic = k
        u = nearest_up(Fraction(phi * phi, 2 ** (self.w - 1)))
        d = self.clip(nearest_up(Fraction(linear - cubic * u, 2 ** (self.w - 5))))
        return hop * total + 4 * phi * d

    def wide(self, phi):
        return phi * 2 ** (self.w + 3)

    def noise(self, sigma, eta):
        return 16 * sigma * eta

    def narrow(self, wide):
        return self.clip(nearest_up(Fraction(wide, 2 ** (self.w + 3))))

    def narrow_half(self, wide):
        return self.clip(nearest_up(Fraction(wide, 2 ** (self.w + 4))))

    def bits(self, phi):
        return f"{phi % 2**self.w:0{self.hex}x}"

    # Tallies, units of 2^-32.
    def terms(self, phi, total):
        unit = 2 ** (40 - 2 * self.w)  # φ² has 2W-8 fractional bits
        square, drop = phi * phi, max(0, 2 * self.w - 2 - 32)
        square = nearest_up(Fraction(square, 2**drop))
        fourth = math.floor(Fraction(square * square * 2**32, 2 ** (2 * (2 * self.w - 8 - drop))))
        return phi * total * unit, phi * phi * unit, fourth

    def change(self, before, after):
        return after - before

    def proposal(self, x, y, a, b):
        exact = Fraction((a + b) * (2 * self.wide(y - x) + b - a), 2 ** (2 * (2 * self.w - 1)))
        return nearest_away(exact * 2**40)


def nearest_away(x):
    """Nearest integer of a Fraction, midpoints away from zero."""
    return math.floor(x + Fraction(1, 2)) if x >= 0 else -math.floor(-x + Fraction(1, 2))


def f64(x):
    return x


def f32(x):
    return struct.unpack("<f", struct.pack("<f", x))[0]


class Float:
    """IEEE 754: `r` rounds the result of every operation."""

    def __init__(self, name, r):
        self.name, self.r, self.noise_width, self.lsb, self.clipped = name, r, 18, 0.0, 0

    def nearest(self, value):
        return self.r(value)

    gain = slope = nearest

    def sigma(self, value):
        return self.r(value), self.r(value)

    def eta(self, n):
        return n * 2.0**-14

    def add(self, a, b):
        return self.r(a + b)

    def drift(self, k, phi, total):
        (hop, linear, cubic), r = k, self.r
        d = r(linear - r(cubic * r(phi * phi)))
        return r(r(hop * total) + r(phi * d))

    def wide(self, phi):
        return phi

    def noise(self, sigma, eta):
        return self.r(sigma * eta)

    def narrow(self, wide):
        return wide

    def narrow_half(self, wide):
        return self.r(0.5 * wide)

    def bits(self, phi):
        kind, digits = ("<d", 16) if self.r is f64 else ("<f", 8)
        return f"{int.from_bytes(struct.pack(kind, phi), 'little'):0{digits}x}"

    # Local quantities round like everything else; their tallies, in units of 2^-32, are sums of integers.
    def terms(self, phi, total):
        r = self.r
        square = r(phi * phi)
        return r(phi * total), square, r(square * square)

    def change(self, before, after):
        return tally(self.r(after - before))

    def proposal(self, x, y, a, b):
        r = self.r
        return tally(r(r(r(a + b) * r(r(2.0 * r(y - x)) + r(b - a))) * 2.0**8))


def tally(value):
    """Nearest multiple of 2^-32, midpoints to even."""
    return round(Fraction(value) * 2**32)
