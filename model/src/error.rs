//! Why a lattice, an action or a step size was refused. Everything is validated at construction; a sweep cannot fail.

use core::fmt;

/// A refused parameter: what, its value, and what would be right.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Error {
    /// More than four dimensions.
    Dimensions {
        /// Dimensions asked for.
        dims: usize,
    },
    /// An extent of 0.
    Extent {
        /// Direction of the extent.
        direction: usize,
    },
    /// Too many sites.
    Volume,
    /// A buffer of the wrong length.
    Length {
        /// Which buffer.
        what: &'static str,
        /// Its length.
        got: usize,
        /// The length, or least length, that is right.
        want: usize,
    },
    /// A parameter that is not finite, or outside its domain.
    Domain {
        /// The parameter.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What would be right.
        want: &'static str,
    },
    /// A word that is no value of the number format.
    Word {
        /// Its place in the field.
        site: usize,
        /// The word.
        bits: u64,
        /// The format.
        format: &'static str,
    },
    /// A coefficient that the number format cannot hold.
    Unrepresentable {
        /// The coefficient.
        what: &'static str,
        /// Its value.
        value: f64,
        /// Largest magnitude of the format.
        limit: f64,
        /// The format.
        format: &'static str,
    },
    /// A coefficient that is not zero, and rounds to it.
    Vanishing {
        /// The coefficient.
        what: &'static str,
        /// Its value.
        value: f64,
        /// The format.
        format: &'static str,
    },
    /// The step is too large: the explicit update is unstable.
    Unstable {
        /// Step size ε.
        eps: f64,
        /// Largest stable ε.
        limit: f64,
    },
    /// The action has no ground state, or none inside the field range.
    Unbounded {
        /// What is wrong.
        what: &'static str,
    },
    /// The step is so large that the factor d saturates where the field still lives.
    FactorRange {
        /// |φ| at which d saturates.
        phi: f64,
        /// |φ| up to which it must not.
        reach: f64,
        /// The format.
        format: &'static str,
    },
    /// The engine that was asked has no such chain.
    Absent {
        /// Of what it has none.
        what: &'static str,
    },
    /// The engine stopped answering.
    Lost,
    /// The field range is too small for the action.
    FieldRange {
        /// Largest |φ| of the format.
        max: f64,
        /// Action of a uniform field there, above its minimum, per site.
        cost: f64,
        /// The format.
        format: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Dimensions { dims } => write!(f, "{dims} dimensions: at most 4 are supported"),
            Self::Extent { direction } => write!(f, "extent {direction} is 0: every extent must be at least 1"),
            Self::Volume => write!(f, "too many sites: the product of the extents must be at most 2^31"),
            Self::Length { what, got, want } => write!(f, "{what} has length {got}: {want} is needed"),
            Self::Domain { what, value, want } => write!(f, "{what} = {value}: must be {want}"),
            Self::Word { site, bits, format } => {
                write!(f, "field word {bits:#x} at site {site}: no value of {format}")
            }
            Self::Unrepresentable { what, value, limit, format } => {
                write!(
                    f,
                    "{what} = {value} does not fit {format} (|{what}| ≤ {limit}): choose a smaller step or a wider \
                     format"
                )
            }
            Self::Vanishing { what, value, format } => {
                write!(f, "{what} = {value} vanishes in {format}: choose a larger step or a wider format")
            }
            Self::Unstable { eps, limit } => write!(f, "step {eps} is unstable for this action: must be below {limit}"),
            Self::Unbounded { what } => write!(f, "the action is not bounded below: {what}"),
            Self::Lost => write!(f, "the engine stopped answering"),
            Self::Absent { what } => write!(f, "this engine has no such {what}"),
            Self::FactorRange { phi, reach, format } => write!(
                f,
                "step too large for {format}: its drift factor saturates at |phi| = {phi:.3}, the field reaches \
                 {reach:.3}: choose a smaller step"
            ),
            Self::FieldRange { max, cost, format } => write!(
                f,
                "{format} holds |phi| ≤ {max}, where this action costs only {cost:.3} a site: rescale the field or use \
                 f32"
            ),
        }
    }
}

impl core::error::Error for Error {}

/// `got` must be `want`.
///
/// # Errors
///
/// [`Error::Length`] where it is not.
pub fn check_length(what: &'static str, got: usize, want: usize) -> Result<(), Error> {
    if got == want { Ok(()) } else { Err(Error::Length { what, got, want }) }
}
