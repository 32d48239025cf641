//! Tags: enumerations with one name and one code for each variant.
//!
//! A name stands on the command line, in files and in reports; a code is one byte of the protocol. Both are promises: a
//! name or a code that has been released is never given to another variant.

/// Makes an enumeration whose variants have a name, and a code if one is given.
///
/// The list, the names, the codes, the help of a command line and the names in a file all come from this one list. With
/// the feature `serde` a tag is written and read by its name, with the feature `clap` it is a value of a command line.
///
/// ```
/// stoquant_model::tags! {
///     /// Colour of a site.
///     pub enum Colour {
///         /// Even coordinates' sum.
///         Red = 0 => "red",
///         /// Odd coordinates' sum.
///         Black = 1 => "black",
///     }
/// }
/// assert_eq!(Colour::ALL, [Colour::Red, Colour::Black]);
/// assert_eq!((Colour::Black.name(), Colour::Black.code()), ("black", 1));
/// assert_eq!((Colour::of_name("red"), Colour::of_code(7)), (Some(Colour::Red), None));
/// ```
#[macro_export]
macro_rules! tags {
    ($(#[$doc:meta])* $vis:vis enum $name:ident {
        $($(#[doc = $about:literal])* $variant:ident $(= $code:literal)? => $text:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[doc = $about])* $variant $(= $code)?),+ }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// All names, in the order of [`ALL`](Self::ALL).
            pub const NAMES: &'static [&'static str] = &[$($text),+];

            /// The name on the command line, in files and in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
            /// The variant of a name.
            pub fn of_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|tag| tag.name() == name)
            }
            /// The byte of the protocol.
            pub const fn code(self) -> u8 {
                self as u8
            }
            /// The variant of a byte.
            pub fn of_code(code: u8) -> Option<Self> {
                Self::ALL.iter().copied().find(|tag| tag.code() == code)
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.name())
            }
        }

        $crate::__tag_in_files!($name);
        $crate::__tag_on_command_line!($name { $($variant: $($about)*),+ });
    };
}

#[cfg(not(feature = "serde"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __tag_in_files {
    ($name:ident) => {};
}

#[cfg(feature = "serde")]
#[doc(hidden)]
#[macro_export]
macro_rules! __tag_in_files {
    ($name:ident) => {
        impl $crate::reexport::serde::Serialize for $name {
            fn serialize<S: $crate::reexport::serde::Serializer>(
                &self,
                to: S,
            ) -> ::core::result::Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }

        impl<'de> $crate::reexport::serde::Deserialize<'de> for $name {
            fn deserialize<D: $crate::reexport::serde::Deserializer<'de>>(
                from: D,
            ) -> ::core::result::Result<Self, D::Error> {
                struct Name;
                impl $crate::reexport::serde::de::Visitor<'_> for Name {
                    type Value = $name;
                    fn expecting(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                        f.write_str("a name")
                    }
                    fn visit_str<E: $crate::reexport::serde::de::Error>(
                        self,
                        name: &str,
                    ) -> ::core::result::Result<$name, E> {
                        $name::of_name(name).ok_or_else(|| E::unknown_variant(name, $name::NAMES))
                    }
                }
                from.deserialize_str(Name)
            }
        }
    };
}

#[cfg(not(feature = "clap"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __tag_on_command_line {
    ($name:ident $variants:tt) => {};
}

#[cfg(feature = "clap")]
#[doc(hidden)]
#[macro_export]
macro_rules! __tag_on_command_line {
    ($name:ident { $($variant:ident: $($about:literal)*),+ }) => {
        impl $crate::reexport::clap::ValueEnum for $name {
            fn value_variants<'a>() -> &'a [Self] {
                Self::ALL
            }
            fn to_possible_value(&self) -> Option<$crate::reexport::clap::builder::PossibleValue> {
                let about = match self { $(Self::$variant => concat!($($about),*)),+ };
                let about = about.trim().trim_end_matches('.');
                Some($crate::reexport::clap::builder::PossibleValue::new(self.name()).help(about))
            }
        }
    };
}

tags! {
    /// Field theory.
    pub enum TheoryKind {
        /// φ⁴ theory.
        Phi4 = 0 => "phi4",
    }
}

tags! {
    /// Number type of a chain.
    pub enum ArithKind {
        /// 18-bit fixed point.
        Fx18 = 0 => "fx18",
        /// 16-bit fixed point.
        Fx16 = 1 => "fx16",
        /// Single precision.
        F32 = 2 => "f32",
        /// Double precision.
        F64 = 3 => "f64",
    }
}

tags! {
    /// Integrator of a chain.
    pub enum IntegratorKind {
        /// Euler–Maruyama.
        Euler = 0 => "euler",
        /// Leimkuhler–Matthews.
        LeimkuhlerMatthews = 1 => "leimkuhler-matthews",
        /// Stochastic Heun.
        Heun = 2 => "heun",
        /// Metropolis-adjusted Langevin.
        Mala = 3 => "mala",
    }
}

tags! {
    /// Distribution of the noise η: zero mean, unit variance.
    pub enum NoiseKind {
        /// Normal distribution.
        Gaussian = 0 => "gaussian",
        /// {-√3, 0, √3}.
        ThreePoint = 1 => "three-point",
    }
}

impl IntegratorKind {
    /// Whether e^{-S} is the stationary distribution at every step size.
    pub const fn unbiased(self) -> bool {
        matches!(self, Self::Mala)
    }
}

impl ArithKind {
    /// Whether it is a fixed-point format.
    pub const fn fixed(self) -> bool {
        matches!(self, Self::Fx18 | Self::Fx16)
    }

    /// Bits of the noise that drives it: those of a fixed-point field, 18 for floats.
    pub const fn noise_width(self) -> u32 {
        match self {
            Self::Fx16 => 16,
            Self::Fx18 | Self::F32 | Self::F64 => 18,
        }
    }

    /// Bytes of a site in memory and on the wire.
    pub const fn bytes(self) -> usize {
        match self {
            Self::Fx16 => 2,
            Self::Fx18 | Self::F32 => 4,
            Self::F64 => 8,
        }
    }
}
