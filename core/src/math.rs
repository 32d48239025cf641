//! The one door to float functions. A site update never passes through it; construction (√) and the Metropolis
//! decision (ln) do.
//!
//! [`Accurate`] is `libm`, software only: the same bits on every target. [`Fast`] is `micromath`, with the feature of that name: a
//! few instructions, an error that is measured and certified. The choice is a type, so no build flag changes a result.

/// Float functions that a sampler may choose between.
pub trait Math: Copy + Default + core::fmt::Debug + Send + Sync + 'static {
    /// Name used in reports.
    const NAME: &'static str;
    /// Natural logarithm of x in (0, 1].
    fn ln(x: f64) -> f64;
}

/// `libm`: correct to below one unit in the last place.
#[derive(Clone, Copy, Default, Debug)]
pub struct Accurate;

impl Math for Accurate {
    const NAME: &'static str = "libm";
    #[inline]
    fn ln(x: f64) -> f64 {
        libm::log(x)
    }
}

/// `micromath`: single precision, about 3 significant digits.
#[cfg(feature = "micromath")]
#[derive(Clone, Copy, Default, Debug)]
pub struct Fast;

#[cfg(feature = "micromath")]
impl Math for Fast {
    const NAME: &'static str = "micromath";
    #[inline]
    fn ln(x: f64) -> f64 {
        f64::from(micromath::F32(x as f32).ln().0)
    }
}

/// √x.
#[inline]
pub fn sqrt(x: f64) -> f64 {
    libm::sqrt(x)
}

/// ⌊x⌋.
#[inline]
pub fn floor(x: f64) -> f64 {
    libm::floor(x)
}
