//! Adam (Kingma, Ba, arXiv:1412.6980), with the running mean of the parameters that is kept in the end.
//!
//! Written here and not taken from a library because a checkpoint must hold its moments.

use candle_core::backprop::GradStore;
use candle_core::{Result, Tensor, Var};

use super::sample::tensor;

/// Decay of the moments.
const BETA: [f32; 2] = [0.9, 0.999];
/// Added to the root of the second moment.
const EPSILON: f32 = 1e-8;
/// Decay of the running mean of the parameters, once there are enough steps.
const AVERAGE: f32 = 0.995;

/// One parameter with what the optimiser remembers of it.
struct Slot {
    name: &'static str,
    var: Var,
    /// Parameter, its moments, its running mean.
    state: [Vec<f32>; 4],
}

/// Names of the four states in a checkpoint.
const STATES: [&str; 4] = ["value", "first", "second", "mean"];

/// The optimiser, with all parameters.
pub struct Adam {
    slots: Vec<Slot>,
    steps: usize,
}

impl Adam {
    /// For these parameters, as they are.
    pub fn new(parameters: &[(&'static str, &Var)]) -> Result<Self> {
        let slot = |&(name, var): &(&'static str, &Var)| -> Result<Slot> {
            let value = var.flatten_all()?.to_vec1::<f32>()?;
            let zero = vec![0.0; value.len()];
            Ok(Slot { name, var: var.clone(), state: [value.clone(), zero.clone(), zero, value] })
        };
        Ok(Self { slots: parameters.iter().map(slot).collect::<Result<_>>()?, steps: 0 })
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// One step against the sum of the gradients.
    pub fn step(&mut self, gradients: &[GradStore], rate: f64) -> Result<()> {
        self.steps += 1;
        let n = self.steps as f64;
        let unbias = BETA.map(|beta| (1.0 / (1.0 - f64::from(beta).powf(n))) as f32);
        let keep = AVERAGE.min((n / (n + 10.0)) as f32);
        for Slot { var, state: [value, first, second, mean], .. } in &mut self.slots {
            let mut sum = vec![0.0; value.len()];
            for gradients in gradients {
                if let Some(gradient) = gradients.get(var.as_tensor()) {
                    let gradient = gradient.flatten_all()?.to_vec1::<f32>()?;
                    sum.iter_mut().zip(gradient).for_each(|(sum, g)| *sum += g);
                }
            }
            for (i, g) in sum.into_iter().enumerate() {
                first[i] = BETA[0] * first[i] + (1.0 - BETA[0]) * g;
                second[i] = BETA[1] * second[i] + (1.0 - BETA[1]) * g * g;
                let root = (unbias[1] * second[i]).sqrt() + EPSILON;
                value[i] -= rate as f32 * unbias[0] * first[i] / root;
                mean[i] = keep * mean[i] + (1.0 - keep) * value[i];
            }
            var.set(&tensor(value.clone(), var.shape())?)?;
        }
        Ok(())
    }

    /// Puts the running means in the place of the parameters.
    pub fn finish(&mut self) -> Result<()> {
        self.slots.iter().try_for_each(|slot| slot.var.set(&tensor(slot.state[3].clone(), slot.var.shape())?))
    }

    /// Everything that a checkpoint holds: names and numbers.
    pub fn state(&self) -> impl Iterator<Item = (String, Vec<f32>)> {
        self.slots.iter().flat_map(|slot| {
            STATES.iter().zip(&slot.state).map(|(state, data)| (format!("{}/{state}", slot.name), data.clone()))
        })
    }

    /// Back to a checkpoint; the name of what is missing or of the wrong size otherwise.
    pub fn restore<'a>(
        &mut self,
        steps: usize,
        get: impl Fn(&str) -> Option<&'a [f32]>,
    ) -> std::result::Result<(), String> {
        for Slot { name, var, state } in &mut self.slots {
            for (kind, slot) in STATES.iter().zip(state.iter_mut()) {
                let name = format!("{name}/{kind}");
                let data = get(&name).filter(|data| data.len() == slot.len()).ok_or(name)?;
                slot.copy_from_slice(data);
            }
            let value: Result<Tensor> = tensor(state[0].clone(), var.shape());
            value.and_then(|value| var.set(&value)).map_err(|error| error.to_string())?;
        }
        self.steps = steps;
        Ok(())
    }
}
