use candle_core::{Result, Tensor, Var};

use super::activation::Activation;
use super::sample::{Maker, tensor};
use super::*;
use crate::diffusion::tables::{Node, Tables};
use stoquant_core::machine::Portable;
use stoquant_core::score::Score;

fn recipe(steps: usize) -> Recipe {
    let options = RecipeOptions {
        extent: Some(4),
        hidden: Some(6),
        knots: Some(4),
        steps: Some(steps),
        batch: Some(512),
        rate: Some(0.02),
        draws: Some(2),
        configurations: Some(1000),
        ..RecipeOptions::default()
    };
    options.resolve(None).unwrap()
}

fn run(training: &mut Training<'_>, steps: usize, threads: usize) {
    while training.steps() < steps {
        let losses = training.step(threads).unwrap();
        assert!(losses.network.is_finite() && losses.nothing > 0.0);
    }
}

/// Stopped and resumed, on one thread or three: the same bits.
#[test]
fn resumed_is_as_if_never_stopped() {
    let recipe = recipe(7);
    let phi = configurations(&recipe, 2, &|_| {}).unwrap();
    assert_eq!(phi, configurations(&recipe, 1, &|_| {}).unwrap());
    let mut straight = Training::new(&recipe, &phi).unwrap();
    run(&mut straight, 7, 1);
    let mut stopped = Training::new(&recipe, &phi).unwrap();
    run(&mut stopped, 3, 3);
    let checkpoint = stopped.checkpoint().unwrap();
    let mut resumed = Training::new(&recipe, &phi).unwrap();
    resumed.resume(&checkpoint).unwrap();
    assert_eq!(resumed.steps(), 3);
    run(&mut resumed, 7, 2);
    assert_eq!(straight.finish().unwrap(), resumed.finish().unwrap());
}

/// A checkpoint of another recipe, or cut short, is refused in words.
#[test]
fn foreign_checkpoints_are_refused() {
    let (ours, theirs) = (recipe(7), recipe(8));
    let phi = configurations(&ours, 2, &|_| {}).unwrap();
    let checkpoint = Training::new(&theirs, &phi).unwrap().checkpoint().unwrap();
    let mut training = Training::new(&ours, &phi).unwrap();
    let refused = training.resume(&checkpoint).unwrap_err().to_string();
    assert!(refused.contains("another recipe"), "{refused}");
    // The same recipe, and other data under its name.
    let checkpoint = Training::new(&ours, &phi).unwrap().checkpoint().unwrap();
    let mut other = phi.clone();
    other[17] += 1e-3;
    let refused = Training::new(&ours, &other).unwrap().resume(&checkpoint).unwrap_err().to_string();
    assert!(refused.contains("other configurations"), "{refused}");
    // The same data under another.
    let moved = Recipe { data: Some("elsewhere.npz".into()), ..ours.clone() };
    Training::new(&moved, &phi).unwrap().resume(&checkpoint).unwrap();
    for length in [0, 7, 100, checkpoint.len() - 1] {
        assert!(training.resume(&checkpoint[..length]).is_err());
    }
}

/// The graph that is trained and the core's network, written apart, agree: single precision against double, sums of a few hundred
/// terms of order one, 1e-4 of the largest h.
#[test]
fn the_core_evaluates_what_was_trained() {
    let recipe = recipe(40);
    let phi = configurations(&recipe, 2, &|_| {}).unwrap();
    let mut training = Training::new(&recipe, &phi).unwrap();
    run(&mut training, 40, 2);
    training.adam.finish().unwrap();
    let sigmas = [0.15, 0.4, 1.0, 2.5, 6.0];
    let maker = Maker::new(&training.config, &phi, training.moments.phi2, 0);
    let sample = maker.make(&mut training.posteriors[0], &sigmas).unwrap();
    let trained = graph::remainder(&training.lattice, &training.parameters, &training.scales, &sample.batch).unwrap();
    let (trained, y) = (trained.to_vec2::<f32>().unwrap(), sample.batch.y.to_vec2::<f32>().unwrap());
    let model = training.finish().unwrap();
    let nodes: Vec<Node> = sigmas.iter().map(|&sigma| Node { sigma, trace: vec![] }).collect();
    Tables::<f64>::new(&model, &nodes)
        .with(|network| {
            let (mut h, mut work) = (vec![0.0; 16], vec![0.0; network.work()]);
            for (stage, (trained, y)) in trained.iter().zip(&y).enumerate() {
                let y: Vec<f64> = y.iter().map(|&y| f64::from(y)).collect();
                network.remainder::<false, _>(Portable, stage, &y, &mut h, &mut work);
                let largest = h.iter().fold(0.0f64, |a, h| a.max(h.abs()));
                for (h, &t) in h.iter().zip(trained) {
                    assert!((h - f64::from(t)).abs() < 1e-4 * largest, "stage {stage}: {h} {t}");
                }
            }
        })
        .unwrap();
}

/// The fused activation and its derivatives against the framework's own composition of it.
#[test]
fn activation_is_its_composition() -> Result<()> {
    let number = |i: usize| (i as f32 * 1.37).sin() * 1.8;
    let numbers = |from: usize, count: usize| (from..from + count).map(number).collect::<Vec<f32>>();
    let z = Var::from_tensor(&tensor(numbers(0, 24), (2, 4, 3))?)?;
    let q = Var::from_tensor(&tensor(numbers(100, 24), (2, 4, 3))?)?;
    let table = Var::from_tensor(&tensor(numbers(200, 12), (2, 6))?)?;
    let weight = tensor(numbers(300, 24), (2, 4, 3))?;
    let s = |x: Tensor| -> Result<Tensor> {
        let c = x.clamp(-1.0, 1.0)?;
        (&c * 1.5)? - (c.powf(3.0)? * 0.5)?
    };
    let x = z.broadcast_mul(&table.narrow(1, 0, 3)?.unsqueeze(1)?)?;
    let beta = q.broadcast_add(&table.narrow(1, 3, 3)?.unsqueeze(1)?)?;
    let composed = (s((&x + &beta)?)? + s((&x - &beta)?)?)?;
    let fused = z.apply_op3(&q, &table, Activation)?;
    let gradients = |out: &Tensor| (out * &weight)?.sum_all()?.backward();
    let (ours, theirs) = (gradients(&fused)?, gradients(&composed)?);
    let close = |a: &Tensor, b: &Tensor| -> Result<()> {
        for (a, b) in a.flatten_all()?.to_vec1::<f32>()?.into_iter().zip(b.flatten_all()?.to_vec1::<f32>()?) {
            assert!((a - b).abs() < 1e-5, "{a} {b}");
        }
        Ok(())
    };
    close(&fused, &composed)?;
    for var in [&z, &q, &table] {
        match (ours.get(var), theirs.get(var)) {
            (Some(a), Some(b)) => close(a, b)?,
            _ => panic!("no gradient"),
        }
    }
    Ok(())
}
