//! Every twin against its module of the core, clock by clock: on known answers, on the edges of its domain and at
//! random.
//!
//! Comparisons are of bits, so nothing here has an error rate. Random cases: fixed seeds, and one that nobody has seen,
//! which is printed.
#![cfg(all(feature = "sim", not(feature = "netlist")))]

mod common;

use common::{Random, seeds, stream};
use stoquant_core::action::{Drift, QuarticDrift};
use stoquant_core::arith::{Arith, Fx};
use stoquant_core::noise::threefry::threefry2x32;
use stoquant_core::noise::{Key, gauss};
use stoquant_fpga::sim::{Circuit, Model, circuits, signed};

#[test]
fn threefry() {
    // Random123, kat_vectors: key, counter, words.
    let known: [([u32; 2], [u32; 2], [u32; 2]); 3] = [
        ([0; 2], [0; 2], [0x6b20_0159, 0x99ba_4efe]),
        ([u32::MAX; 2], [u32::MAX; 2], [0x1cb9_96fc, 0xbb00_2be7]),
        ([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3], [0xc492_3a9c, 0x483d_f7a0]),
    ];
    let mut model = Model::new(&circuits::THREEFRY, 1);
    let mut run = |key: [u32; 2], counters: &[[u32; 2]], want: &dyn Fn(usize) -> [u32; 2]| {
        model.poke("key0_i", key[0].into());
        model.poke("key1_i", key[1].into());
        model.poke("phase_i", 0);
        // The key schedule settles.
        model.clock(4);
        stream(
            &mut model,
            2 * counters.len(),
            31,
            |n, model| {
                model.poke("phase_i", i64::from(n % 2 == 0));
                let [c0, c1] = counters[(n / 2).min(counters.len() - 1)];
                model.poke("c0_i", c0.into());
                model.poke("c1_i", c1.into());
            },
            |n, model| {
                if n % 2 == 0 {
                    assert_eq!(
                        [model.peek("x0_o") as u32, model.peek("x1_o") as u32],
                        want(n / 2),
                        "counter {}",
                        n / 2
                    );
                }
            },
        );
    };
    for (key, counter, words) in known {
        run(key, &[counter], &|_| words);
    }
    for seed in seeds() {
        let mut random = Random::new(seed);
        for _ in 0..8 {
            let key = [random.u32(), random.u32()];
            let counters: Vec<[u32; 2]> = (0..2000).map(|_| [random.u32(), random.u32()]).collect();
            run(key, &counters, &|n| threefry2x32(key, counters[n]));
        }
    }
}

#[test]
fn words() {
    let mut model = Model::new(&circuits::WORDS, 2);
    model.poke("start_i", 0);
    for (seed, step, first, sites) in [
        (1, 0, 0, 1024),
        (2, 1, 0, 64),
        (3, (1 << 44) - 1, 0, 1023),
        (4, 0x123_4567_89ab, 0, 7),
        (5, 1 << 32, 0, 1024),
        (6, 77, 1, 1000),
        (7, 1 << 43, 511, 2),
    ] {
        let key = stoquant_core::noise::derive_key(seed, 3, 0);
        for (port, value) in [
            ("key0_i", key.0[0].into()),
            ("key1_i", key.0[1].into()),
            ("step_i", step as i64),
            ("first_i", first.into()),
        ] {
            model.poke(port, value);
        }
        model.poke("phase_i", 0);
        model.clock(4);
        let pairs: Vec<[u32; 2]> = (0..512).map(|pair| Key::pair(key, step, first + pair)).collect();
        stream(
            &mut model,
            sites,
            32,
            |n, model| {
                model.poke("phase_i", i64::from(n % 2 == 0));
                model.poke("start_i", i64::from(n == 0));
            },
            |site, model| {
                assert_eq!(model.peek("word_o") as u32, pairs[site / 2][site % 2], "step {step}, site {site}")
            },
        );
    }
}

/// Both ends of every octave and of every quarter, their neighbours, with both signs; the vectors of the definition;
/// random words.
fn gauss_words(random: &mut Random) -> Vec<u32> {
    let mut words = vec![0, 1, 0xfff, 0xf_ffff, 0x1234_5678, 0x3fff_ffff, 0x4000_0000, 0x7fff_ffff, 0xdead_beef];
    for shift in 0..31 {
        for quarter in 4..8_u64 {
            let edge = (quarter << 29 >> shift) as u32 >> 1;
            words.extend([edge.wrapping_sub(1), edge, edge + 1].map(|word| word & 0x7fff_ffff));
        }
    }
    words.extend(words.clone().iter().map(|word| word | 1 << 31));
    words.extend((0..100_000).map(|_| random.u32() >> (random.u32() % 32)));
    words.extend((0..100_000).map(|_| random.u32()));
    words
}

fn gauss_is<const W: u32>(circuit: &'static Circuit) {
    let mut model = Model::new(circuit, 3);
    for seed in seeds() {
        let words = gauss_words(&mut Random::new(seed));
        stream(
            &mut model,
            words.len(),
            13,
            |n, model| model.poke("word_i", words[n.min(words.len() - 1)].into()),
            |n, model| {
                let eta = signed(model.peek("eta_o"), W);
                assert_eq!(eta, i64::from(gauss::eta::<W>(words[n])), "seed {seed}, word {:#x}", words[n]);
            },
        );
    }
}

#[test]
fn gauss() {
    gauss_is::<18>(&circuits::GAUSS18);
    gauss_is::<16>(&circuits::GAUSS16);
}

/// The core's own update of one site: φ', εK, d clipped, φ' clipped.
fn update<const W: u32>(drift: &QuarticDrift<Fx<W>>, sigma: i32, phi: i32, nn: i32, eta: i32) -> (i64, i64, bool, bool)
where
    Fx<W>: Arith<Sum = i32, Wide = i64, Sigma = i32>,
{
    let phi = Fx::<W>::from_int(phi).expect("in range");
    let (mut factor, mut value) = (0, 0);
    let move_by = drift.drift(0, phi, nn, &mut factor);
    let new = Fx::<W>::narrow(phi.widen() + move_by + Fx::<W>::mul_noise(sigma, eta), &mut value);
    (new.int().into(), move_by, factor > 0, value > 0)
}

fn euler_is<const W: u32>(circuit: &'static Circuit)
where
    Fx<W>: Arith<Sum = i32, Wide = i64, Sigma = i32, Gain = i32, Slope = i64>,
{
    let max = Fx::<W>::MAX;
    let mut model = Model::new(circuit, 4);
    let mut clipped = [0, 0];
    for seed in seeds() {
        let mut random = Random::new(seed);
        for round in 0..40 {
            // The whole range of the coefficients; every fourth time their ends.
            let mut pick = |most: i64| match round % 4 {
                0 => {
                    if random.u32().is_multiple_of(2) {
                        most
                    } else {
                        -most
                    }
                }
                _ => random.within(most),
            };
            let drift = QuarticDrift::<Fx<W>> {
                hop: pick(max.into()) as i32,
                linear: pick(i64::from(max) << (W - 5)),
                cubic: pick(max.into()) as i32,
            };
            let sigma = pick(max.into()).unsigned_abs().max(1) as i32;
            for (port, value) in [
                ("hop_i", drift.hop.into()),
                ("linear_i", drift.linear),
                ("cubic_i", drift.cubic.into()),
                ("sigma_i", sigma.into()),
            ] {
                model.poke(port, value & ((1_i64 << if port == "linear_i" { 2 * W - 4 } else { W }) - 1));
            }
            model.clock(4);
            let sites: Vec<[i32; 3]> = (0..5000)
                .map(|n| {
                    let mut pick = |most: i32| match (n + round) % 8 {
                        0 => [most, -most, 0, 1, -1, 2, -2, 3][random.u32() as usize % 8],
                        _ => random.within(most.into()) as i32,
                    };
                    [pick(max), pick(4 * max), pick(max)]
                })
                .collect();
            stream(
                &mut model,
                sites.len(),
                13,
                |n, model| {
                    let site = |n: usize| sites[n.min(sites.len() - 1)];
                    model.poke("phi_i", i64::from(site(n)[0]) & ((1 << W) - 1));
                    model.poke("nn_i", i64::from(site(n)[1]) & ((1 << (W + 2)) - 1));
                    // η comes 8 clocks after φ.
                    model.poke("eta_i", i64::from(site(n.saturating_sub(8))[2]) & ((1 << W) - 1));
                },
                |n, model| {
                    let [phi, nn, eta] = sites[n];
                    let (new, move_by, factor, value) = update::<W>(&drift, sigma, phi, nn, eta);
                    let got = (
                        signed(model.peek("new_o"), W),
                        signed(model.peek("drift_o"), 2 * W + 3),
                        signed(model.peek("eta_o"), W),
                        model.peek("clipped_new_o") == 1,
                    );
                    assert_eq!(
                        got,
                        (new, move_by, eta.into(), value),
                        "seed {seed}, {drift:?}, {sigma}, {:?}",
                        sites[n]
                    );
                    clipped[0] += u32::from(factor);
                    clipped[1] += u32::from(value);
                    // Of the site that came 6 clocks later.
                    let later = sites[(n + 6).min(sites.len() - 1)];
                    let (_, _, factor, _) = update::<W>(&drift, sigma, later[0], later[1], 0);
                    assert_eq!(model.peek("clipped_factor_o") == 1, factor, "seed {seed}, {drift:?}, {later:?}");
                },
            );
        }
    }
    assert!(clipped.iter().all(|&count| count > 1000), "saturations of factor and field: {clipped:?}");
}

#[test]
fn euler() {
    euler_is::<18>(&circuits::EULER18);
    euler_is::<16>(&circuits::EULER16);
}

#[test]
fn observable() {
    let mut model = Model::new(&circuits::OBSERVABLE18, 5);
    let max = Fx::<18>::MAX;
    model.poke("valid_i", 0);
    model.clock(8);
    for seed in seeds() {
        let mut random = Random::new(seed);
        for (round, count) in [1, 2, 3, 64, 1024, 2048].into_iter().enumerate() {
            let mut want = [0_i64; 3];
            let mut squares = [0, 0];
            for n in 0..count + 8 {
                // The second half of the rounds: the ends of the range, where the sums are largest.
                let mut pick = |most: i32| if round >= 4 { most } else { random.within(most.into()) as i32 };
                let (phi, nn) = (pick(max), pick(4 * max));
                let valid = n < count;
                if valid {
                    let (phi, nn) = (i64::from(phi), i64::from(nn));
                    want = [want[0] + phi, want[1] + phi * phi, want[2] + phi * nn];
                }
                model.poke("valid_i", valid.into());
                model.poke("phi_i", i64::from(phi) & 0x3_ffff);
                model.poke("nn_i", i64::from(nn) & 0xf_ffff);
                model.poke("square_i", squares[1]);
                squares = [i64::from(phi) * i64::from(phi), squares[0]];
                model.clock(1);
            }
            let got = [("sum_phi_o", 32), ("sum_phi2_o", 48), ("sum_bond_o", 48)]
                .map(|(name, width)| signed(model.peek(name), width));
            assert_eq!(got, want, "seed {seed}, {count} sites");
        }
    }
}
