//! Words of a field: what is stored is what is loaded, and what is no site is refused.

use stoquant_core::arith::{Arith, Format, Fx};

/// Every word of the format up to 10 bits, and a stride of primes through wider ones.
fn words<const W: u32>()
where
    Fx<W>: Format,
{
    let stride = if W <= 10 { 1 } else { 37 };
    for bits in (0..1u64 << W).step_by(stride).chain([0, 1, (1 << W) - 1]) {
        let lowest = bits == 1 << (W - 1);
        let Some(phi) = Fx::<W>::from_bits(bits) else {
            assert!(lowest, "W = {W}: {bits:#x} is a site");
            continue;
        };
        assert!(!lowest, "W = {W}: the range is symmetric");
        assert_eq!(phi.bits(), bits);
        assert_eq!(Fx::<W>::from_int(phi.int()), Some(phi));
        assert_eq!(Fx::<W>::nearest(phi.value()), phi);
        assert_eq!(Fx::<W>::load(phi.store()), phi);
        assert_eq!(phi.value(), f64::from(phi.int()) / f64::from(1 << (W - 4)));
    }
    for beyond in [1 << W, 1 << 63, u64::MAX] {
        assert_eq!(Fx::<W>::from_bits(beyond), None, "W = {W}");
    }
    assert_eq!(Fx::<W>::from_int(Fx::<W>::MAX + 1), None);
    assert_eq!(Fx::<W>::from_int(-Fx::<W>::MAX - 1), None);
}

#[test]
fn fixed_point_words() {
    words::<8>();
    words::<10>();
    words::<12>();
    words::<14>();
    words::<16>();
    words::<18>();
}

#[test]
fn float_words() {
    for value in [0.0, -0.0, f32::MIN_POSITIVE, 1e-45, f32::MAX, -1.5] {
        assert_eq!(f32::from_bits(value.bits() as u32).bits(), value.bits());
        assert_eq!(<f32 as Arith>::from_bits(value.bits()), Some(value));
    }
    for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        assert_eq!(<f32 as Arith>::from_bits(value.bits()), None, "{value} is no site");
        assert_eq!(<f64 as Arith>::from_bits(f64::from(value).bits()), None, "{value} is no site");
    }
    assert_eq!(<f32 as Arith>::from_bits(1 << 32), None);
}
