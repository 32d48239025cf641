//! h of every site, from images that ship and from wild ones.

use crate::common::{Random, seeds};
use crate::images::{ancestral, flow, wild};
use crate::prepared::{UNITS, load_scalars, load_weights, reset, shifts_of};
use stoquant_core::machine::Portable;
use stoquant_core::score::int8::format::ODD_FEATURE;
use stoquant_core::score::int8::hartley::Line;
use stoquant_core::score::int8::image::Sampler;
use stoquant_core::score::int8::{Image, Network, Shape, Stage};
use stoquant_diffusion::int8::encode::Parts;
use stoquant_fpga::sim::{Model, circuits, signed};
use stoquant_tests::images::random;

/// The shortest period of a site.
const SHORTEST: usize = 23;

/// The stages of an image, each with fluctuations of every size, in both banks, at a period that is longer than it need
/// be by so much. Returns how many sites there were.
fn networks_are(model: &mut Model, parts: &Parts, stages: &[usize], longer: usize, random: &mut Random) -> usize {
    let bytes = parts.encode().expect("an image");
    let image = Image::new(&bytes).expect("an image");
    let shape = image.shape();
    let volume = shape.extent * shape.extent;
    let (mut line, mut numbers) = (vec![0; shape.extent], vec![0; shape.prepared()]);
    let network = Network::<_, 4>::new(&image, Line::new(&image, &mut line));
    let mut work = vec![0; Network::<Line<'_>, 4>::work(&shape)];
    let mut h = vec![0; volume];
    for (n, &number) in stages.iter().enumerate() {
        let stage = Stage::prepare(&image, number, &mut numbers);
        let m = [0, 1 << 14, -(1 << 14), random.within(1 << 14) as i16][n % 4];
        let most = [i64::from(ODD_FEATURE.limit), 4096, 32767][n % 3];
        let field: Vec<i16> = (0..volume).map(|_| random.within(most) as i16).collect();
        network.sites(Portable, &stage, m, &field, &mut h, &mut work);
        let bank = n % 2;
        load_weights(model, &stage, bank);
        let [mean, ..] = load_scalars(model, &stage, m);
        let with_mean = |y: &i16| (i32::from(*y) + mean).clamp(-(1 << 14), 1 << 14) as i16;
        let field: Vec<i16> = field.iter().map(with_mean).collect();
        let period = shape.hidden[0].max(shape.hidden[1]).max(SHORTEST) + longer;
        assert_eq!(
            run(model, &stage, &shifts_of(&image), bank, &field, period),
            h,
            "{shape:?}, stage {number}, M {m}, a site in {period}"
        );
    }
    stages.len() * volume
}

/// The circuit's h, with ŷ in a memory beside it.
fn run(model: &mut Model, stage: &Stage<'_>, shifts: &[u32; 9], bank: usize, field: &[i16], period: usize) -> Vec<i16> {
    let shape = stage.shape();
    let [h1, h2] = shape.hidden;
    let layers = shifts[4..].iter().rev().fold(0, |all, &shift| all << 5 | i64::from(shift));
    for (port, value) in [
        ("log2_i", shape.extent.ilog2().into()),
        ("last_slot_i", period as i64 - 1),
        ("last1_i", h1 as i64 - 1),
        ("last2_i", h2 as i64 - 1),
        ("shifts_i", layers),
        ("bank_i", bank as i64),
    ] {
        model.poke(port, value);
    }
    model.clock(3);
    model.poke("start_i", 1);
    model.clock(1);
    model.poke("start_i", 0);
    let (mut out, mut late) = (vec![], [0; 2]);
    let squares: Vec<u16> = field.iter().map(|&y| ((i32::from(y) * i32::from(y) + (1 << 13)) >> 14) as u16).collect();
    let longest = (field.len() + 8) * period + 200;
    for _ in 0..longest {
        let address = model.peek("addr_o") as usize % field.len();
        model.poke("y_i", (field[late[1]] as u16).into());
        model.poke("y2_i", squares[late[1]].into());
        late = [address, late[0]];
        model.clock(1);
        if model.peek("valid_o") == 1 {
            out.push(signed(model.peek("h_o"), 16) as i16);
        }
    }
    out
}

#[test]
fn networks() {
    let mut model = Model::new(&circuits::SCORE_NETWORK, 4);
    reset(&mut model, &["weight_we_i", "scalar_we_i", "start_i"]);
    let mut sites = 0;
    for seed in seeds() {
        let mut random = Random::new(seed);
        for parts in wild(seed) {
            let stages: Vec<usize> = (0..parts.shape.stages).collect();
            sites += networks_are(&mut model, &parts, &stages, 0, &mut random);
        }
        sites += networks_are(&mut model, &ancestral("c16-int8", 100), &[0, 50, 99], 0, &mut random);
        sites += networks_are(&mut model, &flow("n8-int8", 4), &[0, 3, 7], 0, &mut random);
    }
    println!("{sites} sites as the core's");
}

/// Layers of every size with every other: what is queued up between them is neither too much nor too little.
#[test]
fn every_pair_of_layers() {
    let mut model = Model::new(&circuits::SCORE_NETWORK, 5);
    reset(&mut model, &["weight_we_i", "scalar_we_i", "start_i"]);
    for seed in seeds() {
        let mut numbers = Random::new(seed);
        for pair in 0..UNITS * UNITS {
            let hidden = [pair / UNITS + 1, pair % UNITS + 1];
            let shape = Shape { extent: 4, hidden, rows: 4, stages: 1 };
            let parts = random(shape, Sampler::Reverse, seed.wrapping_add(pair as u64));
            // And up to 40 clocks a site.
            let most = 40 - hidden[0].max(hidden[1]).max(SHORTEST);
            for longer in [0, 1 + numbers.u32() as usize % most] {
                networks_are(&mut model, &parts, &[0], longer, &mut numbers);
            }
        }
    }
}
