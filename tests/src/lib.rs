//! Support of the workspace's tests: lattices spelt out site by site, random set-ups, and the built command.
//!
//! | test | what it holds the workspace to |
//! |---|---|
//! | `properties/` | identities of the core and the library over random lattices, couplings, formats and seeds |
//! | `golden` | bits of an independent model, `golden/model.py` |
//! | `noise` | known answers, exact sums over all words, generators from elsewhere |
//! | `observables` | averages and correlators against direct sums |
//! | `cli/` | the command: what it refuses and how, what it writes |
//! | `numpy` | files, both ways |
//! | `mutants` | the table of planted defects: every one caught, and nothing else |
//!
//! Without the feature `host`, `golden` and most of `properties` are compiled with the core and the engines alone.

pub mod command;
#[cfg(feature = "host")]
pub mod images;
pub mod lattice;
#[cfg(feature = "host")]
pub mod mutants;
pub mod strategy;

/// Evaluates `$body` with `$fixed: [usize; D]` for extents known at run time, at most four of them.
#[macro_export]
macro_rules! with_dims {
    ($extents:expr, |$fixed:ident| $body:expr) => {
        match *$extents {
            [] => {
                let $fixed: [usize; 0] = [];
                $body
            }
            [a] => {
                let $fixed = [a];
                $body
            }
            [a, b] => {
                let $fixed = [a, b];
                $body
            }
            [a, b, c] => {
                let $fixed = [a, b, c];
                $body
            }
            [a, b, c, d] => {
                let $fixed = [a, b, c, d];
                $body
            }
            _ => unreachable!("at most four dimensions"),
        }
    };
}
