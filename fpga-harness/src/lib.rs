//! Hardware twins of `stoquant-core`. Empty until the first twin exists; see the README of this crate.
