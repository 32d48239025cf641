//! Floating-point types as plain numbers: what diffusion and score are written over.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, Mul, MulAssign, Neg, Sub, SubAssign};

use super::Arith;

/// A floating-point [`Arith`] with its operations: each rounds once, in the order written, on every target.
pub trait Real:
    Arith
    + PartialOrd
    + Debug
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;

    /// The nearest number of this type.
    fn of(value: f64) -> Self;
    /// Standard Gaussian noise from its integer (18 bits, 14 of them fractional): exact.
    fn eta(noise: i32) -> Self;

    /// x within [-1, 1].
    #[inline(always)]
    fn clip(self) -> Self {
        let x = if self > Self::ONE { Self::ONE } else { self };
        if x < -Self::ONE { -Self::ONE } else { x }
    }
}

macro_rules! real {
    ($($float:ident),+) => { $(
        impl Real for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;

            #[inline(always)]
            fn of(value: f64) -> Self {
                value as $float
            }
            #[inline(always)]
            fn eta(noise: i32) -> Self {
                noise as $float * (1.0 / 16384.0)
            }
        }
    )+ };
}
real!(f32, f64);
