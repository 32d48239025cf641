//! What a byte stands for.

use stoquant_core::noise::Law;

/// Enumerations of one byte.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $item:ident = $code:literal,)+ })+) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $name {
            $($(#[$item_doc])* $item,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$item),+];

            pub(crate) fn code(self) -> u8 {
                match self { $(Self::$item => $code,)+ }
            }

            pub(crate) fn of(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$item),)+ _ => None }
            }
        }
    )+ };
}

codes! {
    /// Number type of a chain.
    Arith {
        /// 18-bit fixed point, words of 32 bits.
        Fx18 = 0,
        /// 16-bit fixed point, words of 16 bits.
        Fx16 = 1,
        /// Single precision, words of 32 bits.
        F32 = 2,
    }
    /// Integrator of a chain.
    Integrator {
        /// Euler–Maruyama.
        Euler = 0,
        /// Leimkuhler–Matthews.
        LeimkuhlerMatthews = 1,
        /// Stochastic Heun.
        Heun = 2,
        /// Metropolis-adjusted Langevin.
        Mala = 3,
    }
    /// What is read or written.
    Buffer {
        /// The field, or the modes u of an image's chain: words of its format.
        Field = 0,
        /// φ of an image's chain after [`Request::Finish`](crate::message::Request::Finish), words of 16 bits.
        Phi = 1,
        /// Sums over the slabs of the slowest direction, made by [`Request::Slices`](crate::message::Request::Slices): words of 64 bits.
        Slices = 2,
        /// The image, bytes.
        Image = 3,
    }
    /// Why a request was not carried out.
    Refusal {
        /// Unknown opcode, or a payload that does not fit it.
        Malformed = 0,
        /// Not in this board's firmware.
        Unsupported = 1,
        /// More sites or bytes than the board has room for, or a range outside of a buffer.
        Capacity = 2,
        /// No chain has been configured.
        Unconfigured = 3,
        /// A parameter that the core refuses, or a word that is no number of the format.
        Parameter = 4,
        /// Bytes that are no image.
        Image = 5,
    }
}

impl Arith {
    /// Bytes of a word.
    pub fn bytes(self) -> usize {
        match self {
            Self::Fx18 | Self::F32 => 4,
            Self::Fx16 => 2,
        }
    }
}

/// The byte of a law of the noise.
pub(crate) fn law_code(law: Law) -> u8 {
    match law {
        Law::Gaussian => 0,
        Law::ThreePoint => 1,
    }
}

/// The law of a byte.
pub(crate) fn law_of(code: u8) -> Option<Law> {
    match code {
        0 => Some(Law::Gaussian),
        1 => Some(Law::ThreePoint),
        _ => None,
    }
}
