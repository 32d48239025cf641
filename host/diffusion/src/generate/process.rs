//! Noising processes by name, scaled to the noise that a model was trained for.

use std::f64::consts::FRAC_PI_2;

use stoquant_core::diffusion::{
    Cosine, Geometric, Linear, Process, Schedule, SubVariancePreserving, Table, VarianceExploding, VariancePreserving,
};

use super::{ProcessKind, ScheduleKind};
use stoquant_experiment::experiment::InputError;

/// Offset of the cosine schedule (Nichol, Dhariwal, arXiv:2102.09672).
const OFFSET: f64 = 0.008;
/// β₁/β₀ of the linear schedule (Ho, Jain, Abbeel, arXiv:2006.11239: 1e-4 to 0.02).
const RISE: f64 = 200.0;

/// Calls `work` with the process whose noise on φ_t/mean ends at `sigma[1]` (a table is taken as it is).
pub fn with_process<T>(
    kind: ProcessKind,
    schedule: &ScheduleKind,
    [low, high]: [f64; 2],
    work: impl FnOnce(&dyn Process) -> T,
) -> Result<T, InputError> {
    // Λ(1).
    let end = match kind {
        ProcessKind::Ve => high * high,
        ProcessKind::Vp | ProcessKind::Chain => (high * high).ln_1p(),
        ProcessKind::SubVp => 2.0 * (0.5 * high).asinh(),
    };
    match schedule {
        ScheduleKind::Geometric => {
            let ratio = high / low;
            let min = (end / (ratio * ratio - 1.0)).sqrt();
            Geometric::new(min, min * ratio).map(|schedule| named(kind, schedule, work))
        }
        ScheduleKind::Linear => {
            let begin = 2.0 * end / (1.0 + RISE);
            Linear::new(begin, RISE * begin).map(|schedule| named(kind, schedule, work))
        }
        ScheduleKind::Cosine => {
            let angle = |part: f64| part / (1.0 + OFFSET) * FRAC_PI_2;
            let last = ((-0.5 * end).exp() * angle(OFFSET).cos()).acos();
            let cosine = Cosine::new(OFFSET, last / FRAC_PI_2 * (1.0 + OFFSET) - OFFSET);
            cosine.map(|schedule| named(kind, schedule, work))
        }
        ScheduleKind::Table(total) => Table::new(total).map(|schedule| named(kind, schedule, work)),
    }
    .map_err(InputError::new)
}

fn named<T>(kind: ProcessKind, schedule: impl Schedule, work: impl FnOnce(&dyn Process) -> T) -> T {
    match kind {
        ProcessKind::Ve => work(&VarianceExploding(schedule)),
        ProcessKind::Vp | ProcessKind::Chain => work(&VariancePreserving(schedule)),
        ProcessKind::SubVp => work(&SubVariancePreserving(schedule)),
    }
}
