//! Images of the quantised score in the simulated circuit.

use rayon::prelude::*;
use stoquant_core::score::int8::Image;
use stoquant_diffusion::int8::generate::Stages;
use stoquant_experiment::experiment::InputError;
use stoquant_fpga::sim::{Score, circuits};
use stoquant_link::description::ROOM;

/// A circuit that holds an image. Whatever its registers hold at first: another value for every `power`.
fn holding(image: &[u8], power: u32) -> Result<Score, InputError> {
    let header = Image::new(image).map_err(InputError::new)?;
    ROOM.check(&header).map_err(InputError::new)?;
    let mut circuit = Score::new(&circuits::SCORE, power);
    match circuit.load(image).map_err(InputError::new)? {
        true => Ok(circuit),
        false => Err(InputError::new("the image has not arrived in the circuit as it was sent")),
    }
}

/// A configuration, stage by stage.
pub fn stages(image: &[u8], seed: u64, number: u32) -> Result<Stages, InputError> {
    let mut circuit = holding(image, number)?;
    circuit.seed(seed, number);
    let (m, mut u, mut h) = (circuit.begin(), vec![circuit.modes()], vec![]);
    while circuit.step() < circuit.stages() {
        let shown = circuit.run_shown();
        h.push(shown.score);
        u.push(shown.u);
    }
    Ok(Stages { m, u, h, phi: circuit.finish() })
}

/// φ of configurations 0..count, which two circuits draw by themselves.
pub fn draw(image: &[u8], seed: u64, count: usize) -> Result<Vec<Vec<i16>>, InputError> {
    let numbers: Vec<u32> = (0..count as u32).collect();
    let parts = numbers.par_chunks(count.div_ceil(rayon::current_num_threads()).max(1));
    let drawn: Result<Vec<Vec<Vec<i16>>>, InputError> = parts
        .map(|numbers| {
            let Some(&first) = numbers.first() else { return Ok(vec![]) };
            let mut circuit = holding(image, first)?;
            circuit.seed(seed, first);
            Ok(numbers
                .iter()
                .map(|_| {
                    circuit.draw(1);
                    circuit.phi()
                })
                .collect())
        })
        .collect();
    Ok(drawn?.concat())
}
