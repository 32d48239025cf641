//! η of many words, for machines that have instructions for it.

use crate::form;

/// Makes Gaussian numbers of words. The default is plain Rust; every implementation must give the same bits.
pub trait Gaussian: Copy {
    /// η of words, W bits wide: [`gauss::eta`](super::gauss::eta) of each. To be called from within
    /// [`Machine::run`](crate::machine::Machine::run), else it is compiled for the caller's instructions.
    #[inline(always)]
    fn gaussian<const W: u32>(self, words: &[u32], out: &mut [i32]) {
        form::gauss::etas::<W>(words, out);
    }
}
