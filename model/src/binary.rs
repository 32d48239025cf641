//! Powers of two, exactly.

/// n of the largest power of two 2^n that is at most x; x normal and positive.
pub fn exponent(x: f64) -> i32 {
    ((x.to_bits() >> 52) & 0x7ff) as i32 - 1023
}

/// 2^n, for |n| ≤ 1000.
pub fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((n.clamp(-1000, 1000) + 1023) as u64) << 52)
}
