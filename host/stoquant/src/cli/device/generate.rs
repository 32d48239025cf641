//! `stoquant device generate`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stoquant::device::{Device, Sums};
use stoquant::diffusion::evaluate::Evaluation;
use stoquant::diffusion::generate::{Generated, Precision, SamplerKind};
use stoquant::diffusion::int8;
use stoquant::diffusion::model::Model;
use stoquant::experiment::InputError;
use stoquant::output::{Outputs, sha256};
use stoquant_core::score::int8::Image;
use stoquant_core::score::int8::format::PHI;

use super::super::generated::{Board, Manifest, check_count, config_of, image_of, timed};
use super::super::{Outcome, json, print, threads};
use super::{BoardArgs, link};

#[derive(Args)]
pub struct GenerateArgs {
    #[command(flatten)]
    board: BoardArgs,
    /// An image (.sqm), or a model that is quantised first: one that comes with the program (c16-int8, c32-int8,
    /// n8-int8), or a .safetensors file
    #[arg(long, default_value = "c16-int8", value_name = "NAME|FILE")]
    model: String,
    /// Configurations: the first ones of the seed, in the order of `generate`
    #[arg(long, default_value_t = 16)]
    count: usize,
    /// Steps of the reverse SDE (default: 100; of an image its own)
    #[arg(long)]
    steps: Option<usize>,
    /// Seed, 64 bits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Ensemble to write (phi, chain), byte for byte that of `generate`; the manifest goes beside it, with .json
    /// appended
    #[arg(long, value_name = "FILE.npz")]
    out: Option<PathBuf>,
    /// Averages alone, of exact sums that the board makes of configurations that it draws by itself: they are on their
    /// way for less time than the configurations. Of a board that sums, as `device info` says
    #[arg(long, conflicts_with = "out")]
    sums: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Steps where none are asked for.
const STEPS: usize = 100;

/// What the host's end of the line has counted.
#[derive(Serialize)]
struct Line {
    frames: u64,
    repeated: u64,
    damaged: u64,
    resets: u64,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Report<'a> {
    manifest: Option<&'a Manifest<'a>>,
    board: &'a Board,
    link: Line,
    evaluation: &'a Evaluation,
}

/// What the sums of configurations come to: averages over them and their sites.
#[derive(Serialize)]
struct Averages {
    count: usize,
    /// A configuration, in milliseconds.
    ms: f64,
    phi2: f64,
    phi4: f64,
    /// Over the pairs of neighbours.
    nn: f64,
    abs_m: f64,
}

/// What is printed of them as JSON.
#[derive(Serialize)]
struct Summed<'a> {
    board: &'a Board,
    link: Line,
    averages: &'a Averages,
}

pub fn run(args: GenerateArgs) -> Result<Outcome, InputError> {
    threads(None)?;
    let mut outputs =
        Outputs::reading([Some(Path::new(&args.model)), args.board.firmware.as_deref()].into_iter().flatten());
    let outputs = args.out.as_deref().map(|out| outputs.pair("out", out, ".json")).transpose()?;
    let bytes = match int8::read(&args.model)? {
        Some(bytes) => bytes,
        None => args.quantised()?,
    };
    let image = image_of(&args.model, &bytes)?;
    let (shape, volume) = (image.shape(), image.shape().extent.pow(2));
    check_count(args.count, volume)?;
    if let Some(steps) = args.steps.filter(|&steps| steps != shape.stages) {
        return Err(InputError(format!("steps = {steps}: the image {} has {}", args.model, shape.stages)));
    }
    let device = args.board.open()?;
    device.check_image(&image).map_err(|error| InputError(format!("{}: {error}", args.model)))?;

    if args.sums {
        return summed(&args, &device, &bytes, &image);
    }
    let generator = int8::Generator::new(image, false);
    let mut generated = Generated::default();
    let (drawn, seconds) = timed(args.count, |done| {
        device.draw(&bytes, &shape, args.seed, args.count as u32, |phi| {
            generator.add(&mut generated, &phi);
            done();
        })
    });
    drawn.map_err(link)?;
    let evaluation = Evaluation::new(volume, &generated, None, None, seconds, args.seed)?;
    let board = board(&device);
    let text = summary(&board, &device, &generated, &evaluation);
    let mut manifest = None;
    if let Some(outputs) = outputs {
        let unwritten = Manifest {
            stoquant: env!("CARGO_PKG_VERSION"),
            model: &args.model,
            model_sha256: sha256(&bytes),
            config: config_of(&image),
            settings: None,
            arith: Precision::Int8,
            seed: args.seed,
            count: args.count,
            metropolis: None,
            board: Some(board.clone()),
            file_sha256: String::new(),
        };
        manifest = Some(unwritten.write(outputs, shape.extent, generated.phi, &[])?);
    }
    let report = Report { manifest: manifest.as_ref(), board: &board, link: line(&device), evaluation: &evaluation };
    print(&if args.json { json(&report)? } else { text })?;
    Ok(Outcome::Good)
}

impl GenerateArgs {
    /// The image of a model, that of `generate`.
    fn quantised(&self) -> Result<Vec<u8>, InputError> {
        let plan = int8::Plan::of(SamplerKind::Ancestral, self.steps.unwrap_or(STEPS))?;
        int8::quantize(&Model::load(&self.model)?, plan)?.encode().map_err(InputError::new)
    }
}

/// Averages of sums.
fn summed(args: &GenerateArgs, device: &Device, bytes: &[u8], image: &Image<'_>) -> Result<Outcome, InputError> {
    device.check_sums()?;
    let (mut all, shape) = (vec![], image.shape());
    let (drawn, seconds) = timed(args.count, |done| {
        device.draw_sums(bytes, &shape, args.seed, args.count as u32, |sums| {
            all.push(sums);
            done();
        })
    });
    drawn.map_err(link)?;
    let values = all.len() as f64 * shape.extent.pow(2) as f64;
    // In units of 2^-fraction.
    let mean = |of: &dyn Fn(&Sums) -> Option<f64>, fraction: u32| {
        all.iter().filter_map(of).sum::<f64>() / values / f64::from(fraction).exp2()
    };
    let bits = PHI.bits as u32;
    let averages = Averages {
        count: all.len(),
        ms: seconds * 1e3 / all.len() as f64,
        phi2: mean(&|sums| sums.phi2().map(|sum| sum as f64), 2 * bits),
        phi4: mean(&|sums| sums.phi4().map(|sum| sum as f64), 4 * bits),
        // Each of the two pairs of a site twice.
        nn: mean(&|sums| sums.bonds().map(|sum| sum as f64), 2 * bits) / 4.0,
        abs_m: mean(&|sums| sums.abs_phi().map(|sum| sum as f64), bits),
    };
    let (board, Averages { count, ms, phi2, phi4, nn, abs_m }) = (board(device), &averages);
    let text = format!(
        "{}\ncount       {count}, {ms:.3} ms a configuration\n\
         phi2        {phi2:.6}\nphi4        {phi4:.6}\nnn          {nn:.6}\nabs_m       {abs_m:.6}\n{}",
        heading(&board),
        line(device).text(),
    );
    let report = Summed { board: &board, link: line(device), averages: &averages };
    print(&if args.json { json(&report)? } else { text })?;
    Ok(Outcome::Good)
}

fn board(device: &Device) -> Board {
    let identity = device.identity();
    Board { target: identity.target().to_owned(), build: format!("{:016x}", identity.build) }
}

fn heading(board: &Board) -> String {
    format!("board       {}, firmware {}", board.target, board.build)
}

impl Line {
    fn text(&self) -> String {
        let Self { frames, repeated, damaged, resets } = self;
        format!(
            "link        {frames} frames to the board, {repeated} of them again, {damaged} damaged from it, {resets} \
             resets"
        )
    }
}

fn line(device: &Device) -> Line {
    let counted = device.counters();
    Line { frames: counted.sent, repeated: counted.repeated, damaged: counted.damaged, resets: counted.resets }
}

/// Averages without errors: `measure` has them, of a file.
fn summary(board: &Board, device: &Device, generated: &Generated, evaluation: &Evaluation) -> String {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let series = &generated.series;
    let abs_m: Vec<f64> = series.m.iter().map(|m| m.abs()).collect();
    format!(
        "{}\ncount       {}, {:.1} ms a configuration\n\
         phi2        {:.6}\nabs_m       {:.6}\naction/V    {:.6}\n{}",
        heading(board),
        evaluation.count,
        evaluation.ms,
        mean(&series.phi2),
        mean(&abs_m),
        mean(&series.action_density),
        line(device).text(),
    )
}
