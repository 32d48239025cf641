//! Bytes of the protocol beside the tags of the model.

stoquant_model::tags! {
    /// A buffer that is read or written.
    pub enum Buffer {
        /// The field, or the modes u of an image's chain: words of its format.
        Field = 0 => "field",
        /// φ of an image's chain after `Finish`: words of 16 bits.
        Phi = 1 => "phi",
        /// The image: bytes.
        Image = 3 => "image",
        /// Sums of configuration n of a [`Draw`](crate::message::Request::Draw), of the last 64: 16 words of 16 bits
        /// from 16·(n mod 64) on ([`Sums::of_words`](crate::sums::Sums::of_words)).
        Sums = 4 => "sums",
    }
}

stoquant_model::tags! {
    /// Why a request was not carried out.
    pub enum Refusal {
        /// Unknown opcode, or a payload that does not fit it.
        Malformed = 0 => "malformed",
        /// Not in this board's firmware.
        Unsupported = 1 => "unsupported",
        /// More sites or bytes than the board has room for, or a range outside of a buffer.
        Capacity = 2 => "capacity",
        /// No chain has been configured.
        Unconfigured = 3 => "unconfigured",
        /// A parameter that the core refuses, or a word that is no number of the format.
        Parameter = 4 => "parameter",
        /// Bytes that are no image.
        Image = 5 => "image",
    }
}

impl From<stoquant_core::error::Error> for Refusal {
    fn from(error: stoquant_core::error::Error) -> Self {
        use stoquant_core::error::Error;
        match error {
            Error::Length { .. } | Error::Volume => Self::Capacity,
            Error::Dimensions { .. } => Self::Unsupported,
            _ => Self::Parameter,
        }
    }
}
