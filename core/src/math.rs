//! The one door to float functions. A site update never passes through it; construction (√) and the Metropolis
//! decision (exp) do.
//!
//! [`Accurate`] is `libm`, software only: the same bits on every target. `Fast` is `micromath`, with the feature of
//! that name: a few instructions, an error that is measured and certified. The choice is a type, so no build flag
//! changes a result.

/// Float functions that a sampler may choose between.
pub trait Math: Copy + Default + core::fmt::Debug + Send + Sync + 'static {
    /// Name used in reports.
    const NAME: &'static str;
    /// e^x for x ≤ 0.
    fn exp(x: f64) -> f64;
}

/// `libm`: correct to below one unit in the last place.
#[derive(Clone, Copy, Default, Debug)]
pub struct Accurate;

impl Math for Accurate {
    const NAME: &'static str = "libm";
    #[inline]
    fn exp(x: f64) -> f64 {
        libm::exp(x)
    }
}

/// `micromath`: single precision, wrong by up to 1.2e-3 (and its logarithm by 8.6e-2 of an acceptance probability:
/// hence exp).
#[cfg(feature = "micromath")]
#[derive(Clone, Copy, Default, Debug)]
pub struct Fast;

#[cfg(feature = "micromath")]
impl Math for Fast {
    const NAME: &'static str = "micromath";
    #[inline]
    fn exp(x: f64) -> f64 {
        f64::from(micromath::F32(x as f32).exp().0)
    }
}

/// √x.
#[inline]
pub fn sqrt(x: f64) -> f64 {
    libm::sqrt(x)
}

/// e^x.
#[inline]
pub fn exp(x: f64) -> f64 {
    libm::exp(x)
}

/// e^x - 1, to a unit in the last place also near 0.
#[inline]
pub fn exp_m1(x: f64) -> f64 {
    libm::expm1(x)
}

/// ln x.
#[inline]
pub fn ln(x: f64) -> f64 {
    libm::log(x)
}

/// cos x.
#[inline]
pub fn cos(x: f64) -> f64 {
    libm::cos(x)
}

/// tan x.
#[inline]
pub fn tan(x: f64) -> f64 {
    libm::tan(x)
}

/// ⌊x⌋.
#[inline]
pub fn floor(x: f64) -> f64 {
    libm::floor(x)
}

/// cos x + sin x.
#[inline]
pub fn cas(x: f64) -> f64 {
    libm::cos(x) + libm::sin(x)
}
