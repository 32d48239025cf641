use rand::SeedableRng;
use rand_distr::{Distribution, StandardNormal};
use rand_xoshiro::Xoshiro256PlusPlus;
use stoquant_core::score::Score;
use stoquant_model::Phi4;

use super::features::Input;
use super::*;
use stoquant_diffusion::model::hat;
use stoquant_diffusion::tables::{Node, Tables};

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
        let losses = training.step(threads);
        assert!(losses.network.is_finite() && losses.nothing > 0.0);
    }
}

/// Stopped and resumed, on one thread or three: the same bits.
#[test]
fn resumed_is_as_if_never_stopped() {
    let recipe = recipe(7);
    let phi = configurations(&recipe, 2, &|_| {}).unwrap();
    assert_eq!(phi, configurations(&recipe, 1, &|_| {}).unwrap());
    let mut straight = Training::new(&recipe, &phi);
    run(&mut straight, 7, 1);
    let mut stopped = Training::new(&recipe, &phi);
    run(&mut stopped, 3, 3);
    let checkpoint = stopped.checkpoint().unwrap();
    let mut resumed = Training::new(&recipe, &phi);
    resumed.resume(&checkpoint).unwrap();
    assert_eq!(resumed.steps(), 3);
    run(&mut resumed, 7, 2);
    assert_eq!(straight.finish(), resumed.finish());
}

/// A checkpoint of another recipe, or cut short, is refused in words.
#[test]
fn foreign_checkpoints_are_refused() {
    let (ours, theirs) = (recipe(7), recipe(8));
    let phi = configurations(&ours, 2, &|_| {}).unwrap();
    let checkpoint = Training::new(&theirs, &phi).checkpoint().unwrap();
    let mut training = Training::new(&ours, &phi);
    let refused = training.resume(&checkpoint).unwrap_err().to_string();
    assert!(refused.contains("another recipe"), "{refused}");
    // The same recipe, and other data under its name.
    let checkpoint = Training::new(&ours, &phi).checkpoint().unwrap();
    let mut other = phi.clone();
    other[17] += 1e-3;
    let refused = Training::new(&ours, &other).resume(&checkpoint).unwrap_err().to_string();
    assert!(refused.contains("other configurations"), "{refused}");
    // The same data under another.
    let moved = Recipe { data: Some("elsewhere.npz".into()), ..ours.clone() };
    Training::new(&moved, &phi).resume(&checkpoint).unwrap();
    for length in [0, 7, 100, checkpoint.len() - 1] {
        assert!(training.resume(&checkpoint[..length]).is_err());
    }
}

/// The network that is trained and the core's, written apart, agree: single precision against double, sums of a few
/// hundred terms of order one, 1e-4 of the largest h.
#[test]
fn the_core_evaluates_what_was_trained() {
    let recipe = recipe(40);
    let phi = configurations(&recipe, 2, &|_| {}).unwrap();
    let mut training = Training::new(&recipe, &phi);
    run(&mut training, 40, 2);
    let sigmas = [0.15, 0.4, 1.0, 2.5, 6.0];
    let maker = Maker::new(&training.config, &phi, training.moments.phi2, 0);
    let samples = sigmas.map(|sigma| maker.make(&mut training.posteriors[0], sigma));
    let network = Network::new(training.machine, &training.lattice, training.adam.means(), &training.scales);
    let trained = samples.each_ref().map(|sample| network.remainder(&sample.input));
    let model = training.finish();
    let nodes: Vec<Node> = sigmas.iter().map(|&sigma| Node { sigma, trace: vec![] }).collect();
    Tables::<f64>::new(&model, &nodes)
        .with(|network| {
            let (mut h, mut work) = (vec![0.0; 16], vec![0.0; network.work()]);
            for (stage, (trained, sample)) in trained.iter().zip(&samples).enumerate() {
                let y: Vec<f64> = sample.input.y.iter().map(|&y| f64::from(y)).collect();
                network.remainder::<false, _>(Portable, stage, &y, &mut h, &mut work);
                let largest = h.iter().fold(0.0f64, |a, h| a.max(h.abs()));
                for (h, &t) in h.iter().zip(trained) {
                    assert!((h - f64::from(t)).abs() < 1e-4 * largest, "stage {stage}: {h} {t}");
                }
            }
        })
        .unwrap();
}

/// A processor with wider registers trains to the same bits.
#[test]
fn machines_train_to_the_same_bits() {
    let recipe = recipe(3);
    let phi = configurations(&recipe, 2, &|_| {}).unwrap();
    let on = |machine: MachineKind| {
        let mut training = Training::new(&recipe, &phi);
        training.machine = machine;
        run(&mut training, 3, 2);
        training.finish()
    };
    let portable = on(MachineKind::Portable);
    for machine in MachineKind::available() {
        assert!(on(machine) == portable, "{machine}");
    }
}

/// Everything random, and nothing where it begins: all of it matters.
struct Case {
    lattice: Lattice<f64>,
    scales: Scales<f64>,
    parameters: Parameters<f64>,
    /// What is seen, the target and its weights.
    samples: Vec<(Input<f64>, Vec<f64>, Vec<f64>)>,
}

impl Case {
    fn new(extent: usize, local: bool) -> Self {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(extent as u64);
        let mut normal = || -> f64 { StandardNormal.sample(&mut rng) };
        let mut numbers = |count: usize, middle: f64, width: f64| -> Vec<f64> {
            (0..count).map(|_| middle + width * normal()).collect()
        };
        let (couplings, volume, knots) = (Phi4::kappa_form(0.27, 0.2), extent * extent, 3);
        let (sigma, hidden, magnetisation) = ([0.2, 3.0], [5, 6], [0.0, 1.0]);
        let config = Config { extent, couplings, mass2: 0.4, sigma, knots, hidden, magnetisation };
        let mut parameters = Parameters::new(&config, 1);
        let shifts = numbers(parameters.numbers().count(), 0.0, 0.4);
        parameters.numbers_mut().zip(shifts).for_each(|(slot, shift)| *slot += shift);
        // σ between knots and beyond the last.
        let samples = [0.4, 2.1, 4.0].map(|sigma| {
            let y = numbers(volume, 0.0, 1.0);
            let input = Input { m: y[0] / extent as f64, hat: hat(&config, sigma), sigma2: sigma * sigma, y };
            (input, numbers(volume, 0.0, 1.0), numbers(volume, 1.0, 0.1))
        });
        let spectrum: Vec<f64> = spectrum::laplacian(extent).into_iter().map(|k2| 1.0 / (0.3 + k2)).collect();
        let [odd, even] = [ODD, EVEN].map(|count| knots * count);
        Self {
            lattice: Lattice::new(extent, couplings, config.mass2, &spectrum, local),
            scales: Scales {
                odd: numbers(odd, 0.5, 0.1),
                even_mean: numbers(even, 0.3, 0.1),
                even_scale: numbers(even, 0.5, 0.1),
                h: numbers(knots, 1.0, 0.1),
            },
            parameters,
            samples: samples.into(),
        }
    }

    fn network<'a>(&'a self, parameters: &'a Parameters<f64>) -> Network<'a, f64> {
        Network::new(MachineKind::best(), &self.lattice, parameters, &self.scales)
    }

    fn loss(&self, parameters: &Parameters<f64>) -> f64 {
        let network = self.network(parameters);
        let of = |(input, target, weight): &(Input<f64>, Vec<f64>, Vec<f64>)| -> f64 {
            let h = network.remainder(input);
            h.iter().zip(target).zip(weight).map(|((h, target), weight)| weight * (h - target).powi(2)).sum()
        };
        self.samples.iter().map(of).sum()
    }

    fn gradient(&self) -> Parameters<f64> {
        let network = self.network(&self.parameters);
        let mut gradient = Gradient::new(&self.parameters);
        let learn = |(input, target, weight): &(Input<f64>, Vec<f64>, Vec<f64>)| {
            network.learn(input, target, weight, &mut gradient)
        };
        let loss: f64 = self.samples.iter().map(learn).sum();
        assert!((loss - self.loss(&self.parameters)).abs() < 1e-12 * loss);
        gradient.sum()
    }

    /// By central differences: an error of δ² and of 1e-16/δ by rounding. The loss is once continuously differentiable;
    /// the second derivative jumps where a unit clips, which costs δ at the few sites that lie within δ of an edge.
    fn differences(&self) -> Parameters<f64> {
        let delta = 1e-6;
        let mut out = self.parameters.zeros();
        for (n, slot) in out.numbers_mut().enumerate() {
            let [after, before] = [delta, -delta].map(|shift| {
                let mut parameters = self.parameters.clone();
                parameters.numbers_mut().skip(n).take(1).for_each(|number| *number += shift);
                self.loss(&parameters)
            });
            *slot = (after - before) / (2.0 * delta);
        }
        out
    }
}

/// The largest difference of two derivatives, over the largest number of the second.
fn deviation(a: &[f64], b: &[f64]) -> f64 {
    let largest = |numbers: &mut dyn Iterator<Item = f64>| numbers.fold(0.0, |most: f64, x| most.max(x.abs()));
    largest(&mut a.iter().zip(b).map(|(a, b)| a - b)) / largest(&mut b.iter().copied()).max(1e-300)
}

/// The derivative by every parameter, against differences of the loss; a single number of the wrong sign is seen.
#[test]
fn gradients_are_those_of_the_loss() {
    for (extent, local) in [2, 4, 5, 8].into_iter().flat_map(|extent| [(extent, false), (extent, true)]) {
        let case = Case::new(extent, local);
        let (mut gradient, differences) = (case.gradient(), case.differences());
        for ((name, ours), (_, theirs)) in gradient.named_mut().into_iter().zip(differences.named()) {
            let found = deviation(ours, theirs);
            assert!(found < 1e-6, "{extent} {local} {name}: {found:e}");
            if local && name == "linear" {
                assert!(ours.iter().all(|&by| by == 0.0), "{extent}: a local network has no such term");
                continue;
            }
            let largest = ours.iter_mut().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
            *largest = -*largest;
            assert!(deviation(ours, theirs) > 1.0, "{extent} {local} {name}: a wrong sign is not seen");
        }
    }
}
