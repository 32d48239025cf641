//! Defects of the quantised score: of the image, where the quantisation would make them, and of the device.

use stoquant::certify::int8::{Device, PARTS, Subject};
use stoquant::certify::{Findings, Level};
use stoquant::diffusion::int8::encode::Parts;
use stoquant::diffusion::int8::plain::{Number, Rules, Stage};
use stoquant_core::score::int8::format;
use stoquant_core::score::int8::image::{EVEN, ODD, SCALARS};
use stoquant_core::score::int8::stage::scalar;

use super::ladder::{Defect, Rung};

/// The parts of the rung in front of a subject.
fn rungs(subject: fn() -> Subject) -> Vec<Rung> {
    let rung = |(_, checks): &'static (_, stoquant::certify::int8::Part)| -> Rung {
        Box::new(move || Ok(Findings::from(checks(&subject(), Level::Standard, 1))))
    };
    PARTS.iter().map(rung).collect()
}

fn numbers(integers: &[i16]) -> Vec<Number> {
    integers.iter().map(|&integer| integer.into()).collect()
}

fn integers(numbers: Vec<Number>) -> Vec<i16> {
    numbers.into_iter().map(|number| number.value as i16).collect()
}

/// ĥ under rules of one's own.
fn score(mut rules: Rules<'_>, device: &Device<'_>, n: usize, m: i16, u: &[i16]) -> Vec<i16> {
    integers(Stage::new(device.parts, n).remainder(&mut rules, m, &numbers(u)))
}

/// A step under rules of one's own.
fn step(mut rules: Rules<'_>, device: &Device<'_>, n: usize, [h, u]: [&[i16]; 2], eta: &[i32]) -> Vec<i16> {
    integers(Stage::new(device.parts, n).reverse(&mut rules, &numbers(u), &numbers(h), eta))
}

/// What does not fit in 16 bits loses its upper ones.
fn wrapped(x: f64) -> f64 {
    f64::from(x as i64 as i16)
}

/// One scalar of every row, changed.
fn scalars(mut parts: Parts, which: usize, change: impl Fn(i16) -> i16) -> Parts {
    for row in &mut parts.rows {
        let at = row.len() - SCALARS + which;
        row[at] = change(row[at]);
    }
    parts
}

/// Two rows of the second layer's weights, exchanged.
fn rows_swapped(mut parts: Parts) -> Parts {
    let [h1, _] = parts.shape.hidden;
    let start = h1 * (ODD + EVEN);
    for i in start..start + h1 {
        parts.weights.swap(i, i + h1);
    }
    parts
}

/// Every stage with the tables of the next, where there is one.
fn tables_off_by_one(mut parts: Parts) -> Parts {
    let next: Vec<_> = parts.stages.iter().skip(1).map(|stage| (stage.row, stage.weights)).collect();
    for (stage, (row, weights)) in parts.stages.iter_mut().zip(next) {
        (stage.row, stage.weights) = (row, weights);
    }
    parts
}

/// The table.
pub fn defects() -> Vec<Defect> {
    let of = |name, description, subject: fn() -> Subject| Defect::new("int8", name, description, rungs(subject));
    vec![
        of("shift of the first layer", "its odd sums are shifted by one bit more", || Subject {
            image: |mut parts| {
                parts.shifts.first[0] += 1;
                parts
            },
            ..Subject::default()
        }),
        of("shift of the output", "the output is shifted by one bit more", || Subject {
            image: |mut parts| {
                parts.shifts.output += 1;
                parts
            },
            ..Subject::default()
        }),
        of("zero point", "an eighth is not taken off ŷ²", || Subject {
            image: |parts| scalars(parts, scalar::OFFSET, |offset| offset - format::OFFSET.one() as i16 / 8),
            ..Subject::default()
        }),
        of("rows swapped", "two units of the second layer have each other's weights", || Subject {
            image: rows_swapped,
            ..Subject::default()
        }),
        of("tables off by one step", "a stage has the tables of the next", || Subject {
            image: tables_off_by_one,
            ..Subject::default()
        }),
        of("overflow of 16 bits", "what does not fit wraps round where it should saturate", || Subject {
            remainder: |device, n, m, u| score(Rules { narrow: wrapped, ..Rules::nearest() }, device, n, m, u),
            ..Subject::default()
        }),
        of("overflow of u", "a step that leads beyond the range of u wraps round", || Subject {
            reverse: |device, n, chain, h, u| {
                let rules = Rules { narrow: wrapped, ..Rules::nearest() };
                step(rules, device, n, [h, u], &chain.eta(n, u.len()))
            },
            ..Subject::default()
        }),
        of("ties upwards", "halves are rounded up: φ → -φ is lost", || Subject {
            remainder: |device, n, m, u| {
                let rules = Rules { round: Box::new(|x| (x + 0.5).floor()), ..Rules::nearest() };
                score(rules, device, n, m, u)
            },
            ..Subject::default()
        }),
        of("no rounding", "bits that are lost are cut off", || Subject {
            remainder: |device, n, m, u| {
                let rules = Rules { round: Box::new(f64::floor), ..Rules::nearest() };
                score(rules, device, n, m, u)
            },
            ..Subject::default()
        }),
        of("noise of the step before", "a step has the noise of the one before", || Subject {
            reverse: |device, n, chain, h, u| {
                step(Rules::nearest(), device, n, [h, u], &chain.eta(n.saturating_sub(1), u.len()))
            },
            ..Subject::default()
        }),
    ]
}

/// The subject as it is, and the plain network in place of the core, under its own rules.
pub fn controls() -> Vec<Defect> {
    vec![
        Defect::new("int8", "nothing", "nothing is planted", rungs(Subject::default)),
        Defect::new(
            "int8",
            "plain network",
            "the network that wraps round and cuts off, told to do neither",
            rungs(|| Subject {
                remainder: |device, n, m, u| score(Rules::nearest(), device, n, m, u),
                ..Subject::default()
            }),
        ),
    ]
}
