//! An experiment from flags and files, its run, and what it writes.

pub mod ensemble;
pub mod experiment;
pub mod measured;
pub mod npy;
pub mod options;
pub mod output;
pub mod resources;
pub mod run;
pub mod sampling;
