//! Adam (Kingma, Ba, arXiv:1412.6980), with the running mean of the parameters that is kept in the end.

use super::parameters::Parameters;

/// Decay of the moments.
const BETA: [f32; 2] = [0.9, 0.999];
/// Added to the root of the second moment.
const EPSILON: f32 = 1e-8;
/// Decay of the running mean of the parameters, once there are enough steps.
const AVERAGE: f32 = 0.995;

/// Names of the four states in a checkpoint.
const STATES: [&str; 4] = ["value", "first", "second", "mean"];

/// The optimiser, with all parameters.
pub struct Adam {
    /// Parameters, their moments, their running means.
    state: [Parameters<f32>; 4],
    steps: usize,
}

impl Adam {
    /// For these parameters, as they are.
    pub fn new(parameters: Parameters<f32>) -> Self {
        let zeros = parameters.zeros();
        Self { state: [parameters.clone(), zeros.clone(), zeros, parameters], steps: 0 }
    }

    /// Steps done.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// As they are.
    pub fn parameters(&self) -> &Parameters<f32> {
        &self.state[0]
    }

    /// The running means.
    pub fn means(&self) -> &Parameters<f32> {
        &self.state[3]
    }

    /// One step against the sum of the gradients.
    pub fn step(&mut self, gradients: &[Parameters<f32>], rate: f64) {
        self.steps += 1;
        let n = self.steps as f64;
        let unbias = BETA.map(|beta| (1.0 / (1.0 - f64::from(beta).powf(n))) as f32);
        let keep = AVERAGE.min((n / (n + 10.0)) as f32);
        let mut sum = self.state[0].zeros();
        for gradient in gradients {
            sum.numbers_mut().zip(gradient.numbers()).for_each(|(sum, &g)| *sum += g);
        }
        let [value, first, second, mean] = self.state.each_mut().map(Parameters::numbers_mut);
        for ((((value, first), second), mean), &g) in value.zip(first).zip(second).zip(mean).zip(sum.numbers()) {
            *first = BETA[0] * *first + (1.0 - BETA[0]) * g;
            *second = BETA[1] * *second + (1.0 - BETA[1]) * g * g;
            let root = (unbias[1] * *second).sqrt() + EPSILON;
            *value -= rate as f32 * unbias[0] * *first / root;
            *mean = keep * *mean + (1.0 - keep) * *value;
        }
    }

    /// Everything that a checkpoint holds: names and numbers.
    pub fn state(&self) -> impl Iterator<Item = (String, Vec<f32>)> {
        STATES.iter().zip(&self.state).flat_map(|(state, parameters)| {
            parameters.named().map(|(name, data)| (format!("{name}/{state}"), data.clone()))
        })
    }

    /// Back to a checkpoint; the name of what is missing or of the wrong size otherwise.
    pub fn restore<'a>(&mut self, steps: usize, get: impl Fn(&str) -> Option<&'a [f32]>) -> Result<(), String> {
        for (state, parameters) in STATES.iter().zip(&mut self.state) {
            for (name, slot) in parameters.named_mut() {
                let name = format!("{name}/{state}");
                let data = get(&name).filter(|data| data.len() == slot.len()).ok_or(name)?;
                slot.copy_from_slice(data);
            }
        }
        self.steps = steps;
        Ok(())
    }
}
