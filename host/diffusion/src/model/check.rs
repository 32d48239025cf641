//! What makes a model valid: after this, nothing that uses it can fail on its contents.

use stoquant_core::score::network::{EVEN, MAX_HIDDEN, ODD};

use super::{Config, Model};
use crate::spectrum::{self, RADIAL};
use stoquant_experiment::experiment::InputError;

/// Largest |coupling|, and m².
const LARGEST: f64 = 1e6;
/// Most points of the table of the magnetisation.
const MAX_CELLS: usize = 1 << 16;
/// Largest |ln m_f²| of a filter.
const LN_MASS: f32 = 50.0;
/// Tensors whose numbers must be positive.
const POSITIVE: [&str; 3] = ["scale.h", "spectrum", "posterior"];

/// Names and shapes of the tensors of a model; 0 stands for a length that is free.
pub fn expected(config: &Config) -> Vec<(&'static str, Vec<usize>)> {
    let (k, [h1, h2]) = (config.knots, config.hidden);
    let shells = spectrum::shells(config.extent).0.len();
    vec![
        ("cross", vec![k, EVEN]),
        ("cubic", vec![k]),
        ("filter.ln_mass", vec![k]),
        ("first.even", vec![h1, EVEN]),
        ("first.odd", vec![h1, ODD]),
        ("first.table", vec![k, 2 * h1]),
        ("linear", vec![k, 3 * RADIAL]),
        ("magnetisation", vec![0]),
        ("output", vec![k, h2]),
        ("posterior", vec![k, shells]),
        ("scale.even_mean", vec![k, EVEN]),
        ("scale.even_scale", vec![k, EVEN]),
        ("scale.h", vec![k, 1]),
        ("scale.odd", vec![k, ODD]),
        ("second.even", vec![h2, EVEN]),
        ("second.odd", vec![h2, h1]),
        ("second.table", vec![k, 2 * h2]),
        ("skip", vec![k, ODD]),
        ("spectrum", vec![shells]),
    ]
}

fn fail<T>(what: &str, value: impl std::fmt::Debug, want: &str) -> Result<T, InputError> {
    Err(InputError(format!("no model: {what} = {value:?}: must be {want}")))
}

impl Config {
    /// Checks everything but the tensors.
    pub fn check(&self) -> Result<(), InputError> {
        let Self { extent, couplings: c, mass2, sigma: [low, high], knots, hidden, magnetisation } = self;
        if !(2..=256).contains(extent) {
            return fail("extent", extent, "2 to 256");
        }
        for (name, value) in [("kappa", c.kappa), ("b", c.b), ("lambda", c.lambda), ("mass2", *mass2)] {
            if !value.is_finite() || value.abs() > LARGEST {
                return fail(name, value, "at most 1e6 in magnitude");
            }
        }
        let softest = |mass2| spectrum::linear(*extent, c, mass2).into_iter().fold(f64::INFINITY, f64::min);
        if softest(*mass2) <= 0.0 {
            return fail("mass2", mass2, "such that 2 kappa k^2 + mass2 > 0 for every mode");
        }
        if !(c.lambda > 0.0 || c.lambda == 0.0 && softest(2.0 * c.b - 8.0 * c.kappa) > 0.0) {
            return fail("lambda", c.lambda, "at least 0, and the action bounded below");
        }
        if !(*low > 0.0 && low < high && *high <= LARGEST) {
            return fail("sigma", self.sigma, "positive, rising and at most 1e6");
        }
        if !(2..=64).contains(knots) {
            return fail("knots", knots, "2 to 64");
        }
        if !hidden.iter().all(|units| (1..=MAX_HIDDEN).contains(units)) {
            return fail("hidden", hidden, "1 to 128 units in each layer");
        }
        let [low, high] = magnetisation;
        if !(*low >= 0.0 && low < high && *high <= LARGEST) {
            return fail("magnetisation", magnetisation, "at least 0, rising and at most 1e6");
        }
        Ok(())
    }
}

impl Model {
    /// Checks the whole model.
    pub fn check(&self) -> Result<(), InputError> {
        self.config.check()?;
        let expected = expected(&self.config);
        if let Some(name) = self.tensors.keys().find(|name| !expected.iter().any(|(known, _)| known == name)) {
            return Err(InputError(format!("no model: tensor {name:?} is unknown")));
        }
        for (name, shape) in expected {
            let Some(tensor) = self.tensors.get(name) else {
                return Err(InputError(format!("no model: tensor {name} is missing")));
            };
            let of = |what: &str| format!("{what} of tensor {name}");
            let fits = |(&got, &want): (&usize, &usize)| got == want || want == 0 && (2..=MAX_CELLS).contains(&got);
            if tensor.shape.len() != shape.len() || !tensor.shape.iter().zip(&shape).all(fits) {
                let want = format!("{shape:?}").replace("[0]", "[n], n from 2 to 65536");
                return fail(&of("shape"), &tensor.shape, &want);
            }
            if tensor.data.len() != tensor.shape.iter().product::<usize>() {
                return fail(&of("length"), tensor.data.len(), "as its shape says");
            }
            let every = |want: &str, good: &dyn Fn(f32) -> bool| match tensor.data.iter().position(|&x| !good(x)) {
                Some(at) => fail(&of(&format!("number {at}")), tensor.data[at], want),
                None => Ok(()),
            };
            every("finite", &|x| x.is_finite())?;
            match name {
                "filter.ln_mass" => every("at most 50 in magnitude", &|x| x.abs() <= LN_MASS)?,
                "magnetisation" => {
                    every("at least 0", &|x| x >= 0.0)?;
                    if tensor.data.iter().all(|&x| x == 0.0) {
                        return fail(&of("the sum"), 0.0, "positive");
                    }
                }
                // 0 leaves a feature out; ŷ itself cannot be left out.
                "scale.odd" | "scale.even_scale" => {
                    every("at least 0", &|x| x >= 0.0)?;
                    let field = || tensor.data.iter().step_by(ODD).position(|&x| x == 0.0);
                    if let Some(knot) = (name == "scale.odd").then(field).flatten() {
                        return fail(&of(&format!("number {}", knot * ODD)), 0.0, "positive");
                    }
                }
                _ if POSITIVE.contains(&name) => every("positive", &|x| x > 0.0)?,
                _ => {}
            }
        }
        Ok(())
    }
}
