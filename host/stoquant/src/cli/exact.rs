//! `stoquant exact`.

use clap::{Args, Subcommand};
use stoquant::estimate::{Estimate, Observables};
use stoquant::exact::{self};
use stoquant::experiment::InputError;
use stoquant::noise_law::{Facts, NoiseLaw, every_word, gaussian};
use stoquant_model::{Extents, IntegratorKind, Phi4};

use super::{CouplingArgs, Outcome, json, law, print, table, warn};

#[derive(Args)]
pub struct ExactArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// One site, by quadrature
    Site(ActionArgs),
    /// A ring, by transfer matrix
    Ring(ActionArgs),
    /// A small torus: 2x2 to 1e-10, 3x3 to 1e-6, 4x4 to 2e-4
    Torus(ActionArgs),
    /// A free field of any size, at any step of any integrator
    Free(FreeArgs),
    /// Energies of p²/2 + V(x)
    Oscillator(OscillatorArgs),
    /// The Gaussian noise over all 2^32 words: moments, distances to N(0,1), errors
    Noise(NoiseArgs),
    /// The stationary law of one site, or of two, in integers: fixed point of the exact transition operator
    Law(law::LawArgs),
}

#[derive(Args)]
struct ActionArgs {
    /// Extents, separated by commas
    #[arg(long, value_name = "L0,L1,…")]
    extent: Option<Extents>,
    #[command(flatten)]
    couplings: CouplingArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct FreeArgs {
    /// Extents, separated by commas
    #[arg(long, value_name = "L0,L1,…")]
    extent: Extents,
    /// Mass squared m² of S = Σ ½φ(-∂² + m²)φ
    #[arg(long, value_name = "M2", allow_negative_numbers = true)]
    mass2: f64,
    /// Step size ε; needed by every integrator but mala
    #[arg(long, allow_negative_numbers = true)]
    eps: Option<f64>,
    /// Integrator whose stationary distribution is taken (default: e^-S, which is mala's)
    #[arg(long, default_value = "mala", hide_default_value = true)]
    integrator: IntegratorKind,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct OscillatorArgs {
    /// Coefficients of V: x⁰, x¹, x², …
    #[arg(
        long,
        value_name = "V0,V1,…",
        value_delimiter = ',',
        allow_hyphen_values = true,
        default_value = "0,0,0.5,0,1"
    )]
    potential: Vec<f64>,
    /// How many energies
    #[arg(long, default_value_t = 4)]
    count: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct NoiseArgs {
    /// Bits of η
    #[arg(long, value_name = "W", default_value_t = 18)]
    width: u32,
    /// Try all words one by one, not one of each class
    #[arg(long)]
    all_words: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(args: ExactArgs) -> Result<Outcome, InputError> {
    match args.what {
        What::Site(a) => {
            let c = couplings(&a, 0)?;
            show(&exact::site(c.b, c.lambda).map_err(InputError::new)?, a.json)
        }
        What::Ring(a) => {
            let [n] = extents::<1>(&a)?;
            show(&exact::ring(n, &couplings(&a, 1)?).map_err(InputError::new)?, a.json)
        }
        What::Torus(a) => {
            let [l0, l1] = extents::<2>(&a)?;
            show(&exact::torus(l0, l1, &couplings(&a, 2)?).map_err(InputError::new)?, a.json)
        }
        What::Free(a) => {
            let c = Phi4::canonical(a.mass2, 0.0, a.extent.dims());
            show(&exact::free(&a.extent, &c, a.eps, a.integrator, 1.0).map_err(InputError::new)?, a.json)
        }
        What::Oscillator(a) => {
            let energies = exact::energies(&a.potential, a.count).map_err(InputError::new)?;
            if a.json {
                let named: serde_json::Map<String, serde_json::Value> = energies
                    .iter()
                    .enumerate()
                    .map(|(n, &Estimate { value, error })| {
                        (format!("e{n}"), serde_json::json!({ "value": value, "error": error }))
                    })
                    .collect();
                print(&json(&named)?)?;
            } else {
                for (n, e) in energies.iter().enumerate() {
                    print(&format!("E{n:<3} {:>20.14} {:>12.3e}", e.value, e.error))?;
                }
            }
            Ok(Outcome::Good)
        }
        What::Noise(a) => noise(&a),
        What::Law(a) => law::run(&a),
    }
}

fn noise(a: &NoiseArgs) -> Result<Outcome, InputError> {
    let eta =
        gaussian(a.width).ok_or_else(|| InputError(format!("width = {}: the Gaussian has 8 to 18 bits", a.width)))?;
    let by_class = NoiseLaw::of_eta(a.width, eta);
    let (facts, off) = if a.all_words {
        let found = every_word(&[(a.width, &eta)]);
        // One map in, one out.
        let Some(all) = found.first() else { return Ok(Outcome::CheckFailed) };
        (Facts::new(&all.law, &all.errors), all.unpaired > 0 || all.law != by_class)
    } else {
        (Facts::of_eta(a.width, eta), false)
    };
    print(&if a.json { json(&facts)? } else { table::facts(&facts) })?;
    if off {
        warn(&"the words of a class differ, or the two signs do");
    }
    Ok(if off { Outcome::CheckFailed } else { Outcome::Good })
}

fn show(found: &Observables, as_json: bool) -> Result<Outcome, InputError> {
    print(&if as_json { json(found)? } else { table::observables(found) })?;
    Ok(Outcome::Good)
}

fn couplings(a: &ActionArgs, dims: usize) -> Result<Phi4, InputError> {
    let given = a.couplings.couplings(dims)?;
    given.ok_or_else(|| InputError::new("no couplings: give --kappa and --lambda, or --mu2 and --g"))
}

fn extents<const D: usize>(a: &ActionArgs) -> Result<[usize; D], InputError> {
    let given = a.extent.as_deref().unwrap_or_default();
    given.try_into().map_err(|_| {
        let example = ["", "--extent 8", "--extent 2,2"][D.min(2)];
        InputError(format!("extent has {} entries: {D} needed, like {example}", given.len()))
    })
}
