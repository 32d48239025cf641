//! Keys that stand in a file and on the command line alike.

/// Makes a struct of optional keys: flags of the command line, keys of a TOML file, and the one over the other.
///
/// Each field `key: T` becomes `key: Option<T>`, with the attributes of its `#[arg]` and its documentation as help.
#[macro_export]
macro_rules! options {
    ($(#[$doc:meta])* pub struct $name:ident {
        $($(#[doc = $about:literal])* $(#[arg($($arg:tt)*)])? $key:ident: $type:ty,)+
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize, clap::Args)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            $(
                $(#[doc = $about])*
                #[arg(long, $($($arg)*)?)]
                #[serde(skip_serializing_if = "Option::is_none")]
                pub $key: Option<$type>,
            )+
        }

        impl $name {
            /// These keys where given, those of `base` elsewhere.
            #[must_use]
            pub fn or(self, base: Self) -> Self {
                Self { $($key: self.$key.or(base.$key)),+ }
            }
        }
    };
}
