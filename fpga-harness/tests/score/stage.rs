//! Prepared stages: every word of every table, weight and scalar, each written once and nothing else.

use std::collections::BTreeMap;

use stoquant_core::score::int8::arithmetic::{clamp, round_shift};
use stoquant_core::score::int8::format::{EVEN_FEATURE, ODD_FEATURE, fixed};
use stoquant_core::score::int8::image::{EVEN, ODD, SCALARS};
use stoquant_core::score::int8::sampler::orbit;
use stoquant_core::score::int8::stage::{EVEN_PAIRS, ODD_PAIRS, scalar};
use stoquant_core::score::int8::{Image, Stage};
use stoquant_fpga::sim::{Model, Port, circuits};

use crate::common::{Random, seeds};
use crate::images;
use crate::memory::Memory;

/// Units that the circuit has.
const UNITS: usize = 24;
/// Longest time that a stage may take.
const CLOCKS: usize = 10_000;

/// A place that is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Table { table: usize, bank: usize, orbit: usize },
    Weight { layer: usize, bank: usize, unit: usize, pair: usize },
    Scalar(usize),
}

type Words = BTreeMap<Place, u32>;

struct Ports {
    busy: Port,
    handing: Port,
    table: [Port; 3],
    weight: [Port; 5],
    scalar: [Port; 3],
}

/// The circuit, and its image.
struct Twin {
    model: Model,
    memory: Memory,
    ports: Ports,
    /// The bank that was given last.
    bank: usize,
}

impl Twin {
    fn new(seed: u32) -> Self {
        let mut model = Model::new(&circuits::SCORE_STAGE, seed);
        let memory = Memory::new(&model, ["addr_o", "word_i"], 3);
        let ports = Ports {
            busy: model.port("busy_o"),
            handing: model.port("handing_o"),
            table: ["table_we_o", "table_addr_o", "table_data_o"].map(|name| model.port(name)),
            weight: ["weight_we_o", "weight_layer_o", "weight_pair_o", "weight_unit_o", "weight_data_o"]
                .map(|name| model.port(name)),
            scalar: ["scalar_we_o", "scalar_addr_o", "scalar_data_o"].map(|name| model.port(name)),
        };
        model.poke("start_i", 0);
        model.poke("hand_i", 0);
        model.poke("rst_i", 1);
        model.clock(3);
        model.poke("rst_i", 0);
        Self { model, memory, ports, bank: 0 }
    }

    fn load(&mut self, bytes: &[u8], image: &Image<'_>) {
        self.memory.load(bytes);
        let shape = image.shape();
        let [_, _, end, gains, rows, records, weights, ..] = shape.sections().map(|at| at as i64 / 2);
        for (port, value) in [
            ("rows_i", rows),
            ("row_length_i", shape.row() as i64),
            ("records_i", records),
            ("gains_i", gains),
            ("weights_i", weights),
            ("end_i", end),
            ("orbits_i", shape.orbits() as i64),
            ("first_i", shape.hidden[0] as i64),
            ("second_i", shape.hidden[1] as i64),
        ] {
            self.model.poke(port, value);
        }
    }

    /// One clock; what is written in it is added to `words`, where it must not be yet.
    fn clock(&mut self, words: &mut Words) {
        self.memory.clock(&mut self.model);
        let get = |port: Port| self.model.get(port) as usize;
        let mut add = |place, value: usize| {
            let before = words.insert(place, value as u32);
            assert!(before.is_none(), "{place:?} is written twice");
        };
        let [we, addr, data] = self.ports.table.map(get);
        for table in (0..4).filter(|table| we >> table & 1 == 1) {
            add(Place::Table { table, bank: addr >> 8, orbit: addr & 255 }, data);
        }
        let [we, layer, pair, unit, data] = self.ports.weight.map(get);
        if we == 1 {
            add(Place::Weight { layer, bank: unit >> 5, unit: unit & 31, pair }, data);
        }
        let [we, addr, data] = self.ports.scalar.map(get);
        if we == 1 {
            add(Place::Scalar(addr), data);
        }
    }

    /// From a pulse at `port` until `busy` falls, and some clocks more: what is written, and the clocks of it.
    fn run(&mut self, port: &str, busy: Port) -> (Words, usize) {
        let mut words = Words::new();
        self.model.poke(port, 1);
        self.clock(&mut words);
        self.model.poke(port, 0);
        // They are looked at with start_i only.
        for (port, value) in [("stage_i", 999), ("last_i", 1), ("m_i", 0x1234)] {
            self.model.poke(port, value);
        }
        self.model.poke("bank_i", 1 - self.bank as i64);
        assert_eq!(self.model.get(busy), 1, "busy from the next clock on");
        let mut clocks = 1;
        while self.model.get(busy) == 1 {
            self.clock(&mut words);
            clocks += 1;
            assert!(clocks < CLOCKS, "no end");
        }
        let written = words.len();
        (0..20).for_each(|_| self.clock(&mut words));
        assert_eq!(words.len(), written, "written after the end");
        (words, clocks)
    }

    fn prepare(&mut self, n: usize, last: bool, bank: usize, m: i16) -> (Words, usize) {
        self.model.poke("stage_i", n as i64);
        self.model.poke("last_i", last.into());
        self.model.poke("bank_i", bank as i64);
        self.model.poke("m_i", i64::from(m) & 0xffff);
        let busy = self.ports.busy;
        self.bank = bank;
        self.run("start_i", busy)
    }
}

/// What the core prepares: the tables and weights, and the scalars.
fn expected(image: &Image<'_>, n: usize, bank: usize, m: i16) -> (Words, Words, bool) {
    let shape = image.shape();
    let ([h1, h2], half) = (shape.hidden, shape.extent / 2);
    let mut numbers = vec![0; shape.prepared()];
    let stage = Stage::prepare(image, n, &mut numbers);
    let mut words = Words::new();
    let word = |x: i16| u32::from(x as u16);
    for table in 0..4 {
        for i in 0..=half {
            for j in i..=half {
                let place = Place::Table { table, bank, orbit: orbit(shape.extent, i, j) };
                words.insert(place, word(stage.spectral(table)[i * (half + 1) + j]));
            }
        }
    }
    for (layer, units, pairs, room) in [(0, h1, ODD_PAIRS, ODD.div_ceil(2)), (1, h2, h1.div_ceil(2), UNITS.div_ceil(2))]
    {
        for unit in 0..units {
            let mut add = |pair, value| words.insert(Place::Weight { layer, bank, unit, pair }, value);
            let weights: Vec<u32> = stage.unit(layer, unit).map(|[a, b]| word(b) << 16 | word(a)).collect();
            let (odd, even) = weights.split_at(pairs);
            for pair in 0..room {
                add(pair, odd.get(pair).copied().unwrap_or(0));
            }
            for (pair, &weight) in even.iter().enumerate() {
                add(room + pair, weight);
            }
            add(room + EVEN_PAIRS, word(stage.biases(layer)[unit]));
            if layer == 1 {
                add(room + EVEN_PAIRS + 1, word(stage.output()[unit]));
            }
        }
    }
    let row = stage.scalars().map(i32::from);
    let mut scalars: Words = row.iter().enumerate().map(|(at, &x)| (Place::Scalar(at), word(x as i16))).collect();
    let m = i32::from(m);
    let square = round_shift(m * m, fixed::MEAN_SQUARE);
    let [of_m, of_square] = [scalar::MEAN + 1, scalar::EVEN + EVEN - 1].map(|at| row[at]);
    let offset = row[scalar::OFFSET + EVEN - 1];
    for (at, value) in [
        round_shift(row[scalar::MEAN] * m, fixed::MEAN),
        clamp(round_shift(of_m * m, fixed::MEAN), ODD_FEATURE.limit.into()),
        clamp(round_shift(of_square * square, fixed::MEAN2) - offset, EVEN_FEATURE.limit.into()),
    ]
    .into_iter()
    .enumerate()
    {
        scalars.insert(Place::Scalar(SCALARS + at), word(i16::try_from(value).expect("16 bits")));
    }
    (words, scalars, stage.closes)
}

#[track_caller]
fn same(found: &Words, want: &Words, case: &str) {
    for (place, value) in want {
        let found = found.get(place).unwrap_or_else(|| panic!("{case}: {place:?} is not written"));
        assert!(found == value, "{case}, {place:?}: {found:#x} for {value:#x}");
    }
    for place in found.keys() {
        assert!(want.contains_key(place), "{case}: {place:?} is written");
    }
}

/// Stages of an image, in turn in both banks, with magnetisations of every kind.
fn check(twin: &mut Twin, bytes: &[u8], random: &mut Random, bank: &mut usize, name: &str) {
    let image = Image::new(bytes).expect("an image");
    twin.load(bytes, &image);
    let shape = image.shape();
    let mut stages: Vec<usize> = (0..shape.stages).collect();
    if shape.stages > 12 {
        stages.retain(|n| [0, 1, 2, 17, 49, 50, 73].contains(n) || n + 2 >= shape.stages);
    }
    let most = 1_i16 << 14;
    let mut clocks = vec![];
    let mut magnetisations = [most, -most, 0, 1, -1, most - 1, 1 << 7, -(1 << 13)].into_iter().cycle();
    for n in stages {
        for _ in 0..2 {
            let fixed = magnetisations.next().expect("a cycle");
            let m = if *bank == 0 { fixed } else { random.within(most.into()) as i16 };
            let (words, scalars, closes) = expected(&image, n, *bank, m);
            let case = format!("{name}, stage {n}, bank {bank}, m = {m}");
            let (found, count) = twin.prepare(n, false, *bank, m);
            same(&found, &words, &case);
            assert_eq!(twin.model.peek("closes_o"), u64::from(closes), "{case}");
            clocks.push(count);
            // Twice the same, and nothing of it depends on what is prepared.
            let handing = twin.ports.handing;
            for _ in 0..1 + random.u32() % 2 {
                let (found, count) = twin.run("hand_i", handing);
                same(&found, &scalars, &case);
                assert!(count < 40, "{count} clocks of handing over");
            }
            *bank = 1 - *bank;
        }
        if n % 3 == 0 {
            let (found, _) = twin.prepare(n, true, *bank, 0);
            let words = image
                .end()
                .enumerate()
                .map(|(orbit, value)| (Place::Table { table: 0, bank: *bank, orbit }, u32::from(value as u16)));
            same(&found, &words.collect(), &format!("{name}, the end, bank {bank}"));
        }
    }
    clocks.sort_unstable();
    clocks.dedup();
    println!("{name}: L = {}, {:?} units: {clocks:?} clocks", shape.extent, shape.hidden);
}

/// All images one after the other, without a reset in between.
#[test]
fn stages_are_what_the_core_prepares() {
    let shipped = [
        ("c16-int8, 100 steps", images::ancestral("c16-int8", 100)),
        ("c16-int8, 6 steps", images::ancestral("c16-int8", 6)),
        ("n8-int8, flow", images::flow("n8-int8", 2)),
    ];
    for seed in seeds() {
        let mut twin = Twin::new(seed as u32);
        let mut random = Random::new(seed);
        let mut bank = (seed % 2) as usize;
        for (name, parts) in &shipped {
            check(&mut twin, &parts.encode().expect("an image"), &mut random, &mut bank, name);
        }
        for (n, parts) in images::wild(seed).iter().enumerate() {
            let name = format!("seed {seed}, image {n}");
            check(&mut twin, &parts.encode().expect("an image"), &mut random, &mut bank, &name);
        }
    }
}
