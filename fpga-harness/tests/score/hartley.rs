//! A pass of the transform against its sum.

use crate::common::{Random, seeds};
use stoquant_core::score::int8::arithmetic::{round_shift, saturate};
use stoquant_core::score::int8::format::{LARGEST_ROW, MATRIX};
use stoquant_fpga::sim::{Circuit, Model, circuits, signed};

/// out_jk = Σ_i x_ij·H_ik, rounded and saturated.
pub fn pass(line: &[i16], x: &[i16], shift: u32) -> Vec<i16> {
    let extent = line.len();
    let term = |j, k, i: usize| i32::from(x[i * extent + j]) * i32::from(line[i * k % extent]);
    let sum = |j, k| (0..extent).map(|i| term(j, k, i)).sum();
    (0..extent * extent).map(|at| saturate(round_shift(sum(at / extent, at % extent), shift))).collect()
}

fn passes_are(circuit: &'static Circuit, lanes: usize, extents: &[usize]) {
    let mut model = Model::new(circuit, 3);
    for port in ["start_i", "line_we_i"] {
        model.poke(port, 0);
    }
    model.poke("rst_i", 1);
    model.clock(32);
    model.poke("rst_i", 0);
    for seed in seeds() {
        let mut random = Random::new(seed);
        for &extent in extents {
            let shift = 2 + random.u32() % 14;
            let flat = (LARGEST_ROW / extent as i32).min(i16::MAX.into()) as i16;
            let hartley = |k: usize| {
                let angle = std::f64::consts::TAU * k as f64 / extent as f64;
                MATRIX.encode((angle.cos() + angle.sin()) / (extent as f64).sqrt()).expect("at most √2")
            };
            let mut number = |most: i16| random.within(most.into()) as i16;
            let largest = i16::MAX;
            for (line, most, shift) in [
                ((0..extent).map(hartley).collect(), largest, 13),
                ((0..extent).map(|_| number(flat)).collect::<Vec<_>>(), largest, shift),
                (vec![flat; extent], 0, 2),
                (vec![-flat; extent], 0, 15),
            ] {
                let mut x: Vec<i16> = (0..extent * extent).map(|_| number(most.max(1))).collect();
                if most == 0 {
                    // The largest sums, of either sign.
                    x = x.into_iter().map(|x| if x < 0 { -largest } else { largest }).collect();
                    x[..extent].fill(largest);
                }
                let (got, clocks) = run(&mut model, &line, &x, shift);
                assert_eq!(got, pass(&line, &x, shift), "seed {seed}, L = {extent}, {line:?} by {shift}");
                let want = extent * extent * extent.div_ceil(lanes) + extent.min(lanes) + READ + 11;
                assert_eq!(clocks, want, "clocks of a pass, L = {extent}");
            }
        }
    }
}

/// Clocks from an address to its number.
const READ: usize = 2;

/// A pass, x in a memory beside the circuit; and how many clocks it takes.
fn run(model: &mut Model, line: &[i16], x: &[i16], shift: u32) -> (Vec<i16>, usize) {
    model.poke("log2_i", line.len().ilog2().into());
    model.poke("shift_i", shift.into());
    model.poke("line_we_i", 1);
    for (k, &h) in line.iter().enumerate() {
        model.poke("line_addr_i", k as i64);
        model.poke("line_data_i", (h as u16).into());
        model.clock(1);
    }
    model.poke("line_we_i", 0);
    model.clock(3);
    model.poke("start_i", 1);
    model.clock(1);
    model.poke("start_i", 0);
    let (mut out, mut late, mut clocks) = (vec![], [0; READ], 0);
    loop {
        if model.peek("out_valid_o") == 1 {
            assert_eq!(model.peek("out_addr_o") as usize, out.len(), "numbers come in order");
            out.push(signed(model.peek("out_o"), 16) as i16);
            if model.peek("done_o") == 1 {
                assert_eq!(out.len(), x.len());
                return (out, clocks + 1);
            }
        }
        let address = model.peek("addr_o") as usize % x.len();
        model.poke("x_i", (late[READ - 1] as u16).into());
        late.rotate_right(1);
        late[0] = x[address];
        model.clock(1);
        clocks += 1;
        assert!(clocks < 100_000, "a pass ends");
    }
}

#[test]
fn passes_of_sixteen_lanes() {
    passes_are(&circuits::SCORE_HARTLEY16, 16, &[4, 8, 16, 32]);
}

#[test]
fn passes_of_two_lanes() {
    passes_are(&circuits::SCORE_HARTLEY2, 2, &[4, 8, 16]);
}
