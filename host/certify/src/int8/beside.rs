//! Another implementation of images beside the core: word by word, and by what it samples.

use super::*;
use crate::lockstep::Divergence;
use stoquant_diffusion::int8::generate::{Stages, stages};

/// φ of configurations 0..count of a seed.
pub type Draw = fn(image: &[u8], seed: u64, count: usize) -> Result<Vec<Vec<i16>>, InputError>;

/// An implementation of images that is not the core.
#[derive(Clone, Copy, Debug)]
pub struct Images {
    /// A configuration of a seed, stage by stage.
    pub stages: fn(image: &[u8], seed: u64, number: u32) -> Result<Stages, InputError>,
    /// Configurations one after the other, by themselves.
    pub draw: Draw,
}

/// A part of the rung.
pub type Part = fn(Images, Level, u64) -> Vec<Check>;

/// Its parts with their names, the sharpest first.
pub const PARTS: [(&str, Part); 2] = [("words", words), ("samples", samples)];

/// Shipped models by both samplers, and how many configurations of them are drawn.
const CASES: [(&str, &str, Plan, usize); 5] = [
    ("c16-int8", "100 steps", reverse(100), 4),
    ("c16-int8", "flow", FLOW, 16),
    ("n8-int8", "100 steps", reverse(100), 16),
    ("n8-int8", "flow", FLOW, 64),
    ("c32-int8", "flow of 2 steps", Plan::Flow { method: Method::Heun, steps: 2 }, 2),
];

/// A configuration stage by stage, and as many as there are by themselves: M, ĥ, u and φ word by word.
fn words(images: Images, _: Level, seed: u64) -> Vec<Check> {
    let of = |(model, label, plan, count): (&str, &str, Plan, usize)| {
        with_image(&Subject::default(), &Model::load(model)?, plan, |device| {
            // A number that needs all of its bits.
            let number = u32::MAX - 1;
            let core = stages(device.bytes, seed, number as usize).map_err(InputError::new)?;
            let first = divergence(&(images.stages)(device.bytes, seed, number)?, &core);
            let found = first.as_ref().map_or(String::new(), |divergence| format!("; first {divergence}"));
            let drawn = (images.draw)(device.bytes, seed, count)?;
            let alike = |n: &usize| {
                let core = stages(device.bytes, seed, *n).map(|stages| stages.phi);
                core.is_ok_and(|core| drawn.get(*n) == Some(&core))
            };
            let wrong = count - (0..count).filter(alike).count();
            let name = |what: String| format!("{model}, {label}: {what}");
            Ok(vec![
                Check::none(
                    RUNG,
                    name(format!("M, h, u and phi stage by stage, words that differ{found}")),
                    usize::from(first.is_some()),
                ),
                Check::none(RUNG, name(format!("{count} drawn by themselves, configurations that differ")), wrong),
            ])
        })
    };
    CASES.into_iter().flat_map(|case| decided(case.0, of(case))).collect()
}

/// The first word that differs. Whoever shows no ĥ, as boards do not, has it compared by what follows from it.
pub fn divergence(there: &Stages, here: &Stages) -> Option<Divergence> {
    let of = |step: usize, quantity, there: &[i16], here: &[i16]| {
        let length = (there.len() != here.len()).then_some(there.len().min(here.len()));
        let site = there.iter().zip(here).position(|(there, here)| there != here).or(length)?;
        let word = |words: &[i16]| words.get(site).map_or(0, |&word| u64::from(word as u16));
        Some(Divergence { step: step as u64, site: Some(site), quantity, there: word(there), here: word(here) })
    };
    let lists = |step: usize, quantity, there: &[Vec<i16>], here: &[Vec<i16>]| {
        let none = Vec::new();
        of(step, quantity, there.get(step).unwrap_or(&none), here.get(step).unwrap_or(&none))
    };
    of(0, "M", &[there.m], &[here.m])
        .or_else(|| {
            (0..here.u.len()).find_map(|step| {
                // The modes before the stage, then its ĥ.
                let shown = !there.h.is_empty() && step < here.h.len();
                let score = || shown.then(|| lists(step, "h", &there.h, &here.h)).flatten();
                lists(step, "u", &there.u, &here.u).or_else(score)
            })
        })
        .or_else(|| of(here.h.len(), "phi", &there.phi, &here.phi))
}

/// What the drawn configurations sample, by their weights.
fn samples(images: Images, level: Level, seed: u64) -> Vec<Check> {
    let subject = Subject { draw: Some(images.draw), ..Subject::default() };
    let mut checks = decided("flow", weights::free(&subject, "flow", FLOW, Level::Standard, seed));
    if level == Level::Full {
        checks.extend(decided("25 steps", weights::free(&subject, "25 steps", reverse(25), Level::Standard, seed)));
        let trained = Model::load("n8-int8")
            .and_then(|model| weights::trained(&subject, "n8-int8, flow", &model, FLOW, 2048, seed));
        checks.extend(decided("n8-int8, flow", trained));
    }
    checks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The core in the place of another, and a word of every kind wrong in turn.
    #[test]
    fn a_wrong_word_of_any_kind_is_found() {
        let model = Model::load("n8-int8").expect("comes with the program");
        let bytes = quantize(&model, reverse(4)).and_then(|parts| parts.encode().map_err(InputError::new));
        let good = stages(&bytes.expect("an image"), 1, 2).expect("an image");
        assert!(divergence(&good, &good).is_none());
        let wrong = |plant: &dyn Fn(&mut Stages)| {
            let mut there = good.clone();
            plant(&mut there);
            divergence(&there, &good).map(|found| (found.step, found.quantity))
        };
        assert_eq!(wrong(&|there| there.m += 1), Some((0, "M")));
        assert_eq!(wrong(&|there| there.u[0][3] += 1), Some((0, "u")));
        assert_eq!(wrong(&|there| there.h[2][63] -= 1), Some((2, "h")));
        assert_eq!(wrong(&|there| there.u[4][0] -= 1), Some((4, "u")));
        assert_eq!(wrong(&|there| there.phi[5] += 1), Some((4, "phi")));
        assert_eq!(wrong(&|there| drop(there.h.pop())), Some((3, "h")));
        assert_eq!(wrong(&|there| there.phi.clear()), Some((4, "phi")));
    }
}
