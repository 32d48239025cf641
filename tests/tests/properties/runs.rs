//! Chains beside the library: its formulas, and its runs on many threads.

use proptest::prelude::*;
use rayon::ThreadPoolBuilder;
use stoquant::certify::check::Criterion;
use stoquant::certify::coupled::lockstep;
use stoquant::run::{Schedule, run_chains};
use stoquant_core::integrator::State;
use stoquant_engines::engine::core_engine;
use stoquant_tests::strategy;

use crate::chains::started;

proptest! {
    #![proptest_config(strategy::config(128))]

    /// Each site of each step is the formula's within the rounding of the format, and Metropolis decisions are right.
    #[test]
    fn steps_are_those_of_the_formulas(setup in strategy::setup()) {
        const STEPS: u64 = 3;
        let mut engine = started(&setup, 2);
        engine.sweep(STEPS).unwrap();
        // The start may lie where a factor saturates, which the formulas do not know.
        prop_assume!(engine.state().unwrap().clipped == 0);
        for check in lockstep(&core_engine, &setup, 2, STEPS).unwrap() {
            if check.criterion == Criterion::Bound {
                prop_assert!((check.value - check.expected).abs() <= check.error, "{}: {}", check.name, check.value);
            }
        }
    }
}

proptest! {
    #![proptest_config(strategy::config(64))]

    /// Threads share the chains out among themselves; the results do not tell how.
    #[test]
    fn threads_do_not_matter(setup in strategy::setup(), threads in 2..6usize, chains in 1..9u32) {
        let schedule = Schedule { thermalise: 1, measurements: 3, every: 2 };
        let run = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let runs = pool.install(|| run_chains(&core_engine, &setup, chains, 1.0, &schedule)).unwrap();
            // Shortest digits that restore an f64: equal text is equal bits.
            format!("{runs:?}")
        };
        prop_assert_eq!(run(1), run(threads));
    }
}

/// The comparison of states means something: a chain carries its step and its decisions.
#[test]
fn a_fresh_chain_has_counted_nothing() {
    let setup = stoquant::experiment::Experiment::default().setup;
    let mut engine = started(&setup, 0);
    assert_eq!(engine.state().unwrap(), State::default());
    engine.sweep(3).unwrap();
    assert_eq!(engine.state().unwrap().step, 3);
    assert!(engine.state().unwrap().log_ratio != 0.0);
}
