//! Test support: see `tests/` for the properties.
