//! `stoquant quantize`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use stoquant::diffusion::generate::{self, SamplerKind, Settings};
use stoquant::diffusion::int8::report::{LayerError, StageError, layers, stages};
use stoquant::diffusion::int8::{Generator, Plan, costs, quantize};
use stoquant::diffusion::model::Model;
use stoquant::diffusion::weights::{Quality, reverse};
use stoquant::experiment::InputError;
use stoquant::output::{Outputs, sha256};
use stoquant_core::score::int8::Image;

use super::{MachineArgs, Outcome, json, print, threads};

#[derive(Args)]
pub struct QuantizeArgs {
    /// A model that comes with the program (c16-int8, c32-int8, n8-int8), or a .safetensors file, trained with
    /// `local`
    #[arg(long, default_value = "c16-int8", value_name = "NAME|FILE")]
    model: String,
    /// ancestral, or a flow
    #[arg(long, default_value_t = SamplerKind::Ancestral)]
    sampler: SamplerKind,
    /// Steps of the sampler
    #[arg(long, default_value_t = 100)]
    steps: usize,
    /// Rows of tables that the steps of ancestral are interpolated from
    #[arg(long, default_value_t = stoquant::diffusion::int8::quantize::ROWS)]
    rows: usize,
    /// Fields at which integers and model are compared, step by step
    #[arg(long, default_value_t = 32, value_name = "N")]
    fields: usize,
    /// Compare ESS and log Z of N configurations
    #[arg(long, value_name = "N")]
    check: Option<usize>,
    /// Seed of both, 64 bits
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    machine: MachineArgs,
    /// Threads (default: all cores). Results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// The image as 16-bit words in hexadecimal, one a line, for $readmemh
    #[arg(long, value_name = "FILE")]
    hex: Option<PathBuf>,
    /// Image to write
    #[arg(long, value_name = "FILE.sqm")]
    out: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Stages and fields at which layers are compared: about a per cent of a root mean square.
const BY_LAYER: [usize; 2] = [12, 4];

/// What is printed.
#[derive(Serialize)]
struct Report {
    bytes: usize,
    sha256: String,
    /// RAM of a device beside the state u: bytes.
    ram: usize,
    /// Multiplications of a site and evaluation.
    products: usize,
    stages: Vec<StageError>,
    layers: Vec<LayerError>,
    /// Model and integers, from the same sampler.
    check: Option<[Quality; 2]>,
}

pub fn run(args: QuantizeArgs) -> Result<Outcome, InputError> {
    threads(args.threads)?;
    let machine = args.machine.machine()?;
    let mut outputs = Outputs::reading([Path::new(&args.model)]);
    let out = args.out.as_deref().map(|path| outputs.add("out", path)).transpose()?;
    let hex = args.hex.as_deref().map(|path| outputs.add("hex", path)).transpose()?;
    if args.fields > 1 << 16 {
        return Err(InputError(format!("fields = {}: must be at most 65536", args.fields)));
    }
    let model = Model::load(&args.model)?;
    let plan = match Plan::of(args.sampler, args.steps)? {
        Plan::Reverse { steps, .. } => Plan::Reverse { steps, rows: args.rows },
        flow => flow,
    };
    let parts = quantize(&model, plan)?;
    let bytes = parts.encode().map_err(InputError::new)?;
    let image = Image::new(&bytes).map_err(InputError::new)?;
    let stages = stages(&model, &image, args.fields, args.seed)?;
    let layers = layers(&model, &parts, &image, BY_LAYER, args.seed)?;
    let check = args.check.map(|count| {
        let settings = Settings { sampler: args.sampler, steps: args.steps, weights: true, ..Settings::default() };
        let float = generate::Generator::<f32>::new(&model, &settings)?.generate(machine, args.seed, count, &|| {})?;
        let integer = Generator::new(image, true).generate(machine, args.seed, count, &|| {});
        let quality = |ln_w: Option<Vec<f64>>| reverse(&ln_w.unwrap_or_default()).map_err(InputError::new);
        Ok::<_, InputError>([quality(float.ln_w)?, quality(integer.ln_w)?])
    });
    let (ram, products) = costs(&image);
    let report =
        Report { bytes: bytes.len(), sha256: sha256(&bytes), ram, products, stages, layers, check: check.transpose()? };
    if let Some(out) = out {
        out.write(&bytes)?;
    }
    if let Some(hex) = hex {
        let words = bytes.as_chunks::<2>().0.iter();
        let text: String = words.map(|&word| format!("{:04x}\n", u16::from_le_bytes(word))).collect();
        hex.write(text.as_bytes())?;
    }
    print(&if args.json { json(&report)? } else { report.text() })?;
    Ok(Outcome::Good)
}

impl Report {
    fn text(&self) -> String {
        use std::fmt::Write;
        let mut out = format!(
            "image           {} bytes\nRAM beside u    {} bytes\nproducts        {} a site and evaluation\n",
            self.bytes, self.ram, self.products
        );
        if let Some(both) = &self.check {
            for (name, Quality { ess, ln_z, count, .. }) in ["float", "int8"].iter().zip(both) {
                let _ = writeln!(out, "{name:<15} ESS {ess}, log Z {ln_z} ({count} configurations)");
            }
        }
        let _ = write!(
            out,
            "\n{:>10} {:>14} {:>10} {:>10}   root mean squares, in units of u",
            "σ", "displacement", "rounding", "tables"
        );
        for StageError { sigma, displacement, rounding, tables } in &self.stages {
            let _ = write!(out, "\n{sigma:>10.5} {displacement:>14.3e} {rounding:>10.1e} {tables:>10.1e}");
        }
        let _ = write!(out, "\n\n{:>25} {:>10} {:>10}   the same, of one layer alone", "layer", "rounding", "weights");
        for LayerError { layer, rounding, weights } in &self.layers {
            let weights = weights.map_or("-".to_owned(), |weights| format!("{weights:.1e}"));
            let _ = write!(out, "\n{:>25} {rounding:>10.1e} {weights:>10}", layer.name());
        }
        out
    }
}
