//! The core as a board instantiates it. Every function exported here is a root of the panic check, and every argument
//! comes from outside, so that nothing is folded away.
#![no_std]
#![deny(unsafe_code)]

use stoquant_core::action::QuarticDrift;
use stoquant_core::arith::Fx;
use stoquant_core::board::{Board, hot_start};
use stoquant_core::diffusion::Magnetisation;
use stoquant_core::diffusion::flow::Flow;
use stoquant_core::diffusion::reverse::Reverse;
use stoquant_core::error::Error;
use stoquant_core::integrator::{Euler, Heun, LeimkuhlerMatthews, Mala};
use stoquant_core::lattice::{Ring, Site, Torus2, Torus3, Torus4};
use stoquant_core::machine::Portable;
use stoquant_core::noise::{Noise, StreamTag, Threefry, gauss, three_point};
use stoquant_core::observable::{Averages, Correlator, Measurement, measure, slices};
use stoquant_core::score::int8::{self, Header, Image, ImageError, Line};
use stoquant_core::score::network::{Stage, Weights};
use stoquant_core::score::{Hartley, Network, SiteScore};
use stoquant_core::trace::Trace;
use stoquant_model::{NoiseKind, Phi4};

/// One exported function a line: `name(arguments) -> result = expression;`.
macro_rules! probe {
    ($($name:ident($($arg:ident: $of:ty),*) $(-> $out:ty)? = $body:expr;)+) => { $(
        #[allow(unsafe_code, reason = "an unmangled name makes the function a root; the prefix keeps it unique")]
        #[unsafe(export_name = concat!("probe_", stringify!($name)))]
        pub fn $name($($arg: $of),*) $(-> $out)? {
            $body
        }
    )+ };
}

/// A sweep on a board, one a line: `name: integrator, dimensions, lattice, arithmetic;`.
macro_rules! sweeps {
    ($($name:ident: $integrator:ty, $dims:literal, $lattice:ty, $arith:ty;)+) => {
        probe! { $($name(board: &mut Board<$dims, $lattice, $arith>, by: &$integrator) = board.sweep(by);)+ }
    };
}

/// The four integrators for φ⁴ in one arithmetic.
type EulerOf<A> = Euler<A, QuarticDrift<A>>;
type HeunOf<A> = Heun<A, QuarticDrift<A>>;
type LeimkuhlerMatthewsOf<A> = LeimkuhlerMatthews<A, QuarticDrift<A>>;
type MalaOf<A> = Mala<A, Phi4>;
type Square = Torus2<32, 32>;
type SquareBoard<A> = Board<2, Square, A>;

sweeps! {
    euler_18: EulerOf<Fx<18>>, 2, Square, Fx<18>;
    euler_16: EulerOf<Fx<16>>, 2, Square, Fx<16>;
    euler_f32: EulerOf<f32>, 2, Square, f32;
    heun_18: HeunOf<Fx<18>>, 2, Square, Fx<18>;
    heun_16: HeunOf<Fx<16>>, 2, Square, Fx<16>;
    heun_f32: HeunOf<f32>, 2, Square, f32;
    leimkuhler_matthews_18: LeimkuhlerMatthewsOf<Fx<18>>, 2, Square, Fx<18>;
    leimkuhler_matthews_16: LeimkuhlerMatthewsOf<Fx<16>>, 2, Square, Fx<16>;
    leimkuhler_matthews_f32: LeimkuhlerMatthewsOf<f32>, 2, Square, f32;
    mala_18: MalaOf<Fx<18>>, 2, Square, Fx<18>;
    mala_16: MalaOf<Fx<16>>, 2, Square, Fx<16>;
    mala_f32: MalaOf<f32>, 2, Square, f32;
    euler_site_18: EulerOf<Fx<18>>, 0, Site, Fx<18>;
    euler_ring_18: EulerOf<Fx<18>>, 1, Ring<64>, Fx<18>;
    euler_cube_18: EulerOf<Fx<18>>, 3, Torus3<8, 8, 8>, Fx<18>;
    euler_four_18: EulerOf<Fx<18>>, 4, Torus4<4, 4, 4, 8>, Fx<18>;
}

probe! {
    gauss_18(word: u32) -> i32 = gauss::eta::<18>(word);
    gauss_16(word: u32) -> i32 = gauss::eta::<16>(word);
    three_point_18(word: u32) -> i32 = three_point::eta::<18>(word);
    three_point_16(word: u32) -> i32 = three_point::eta::<16>(word);
    stream(seed: u64, chain: u32, tag: StreamTag) -> Threefry = Threefry::new(seed, chain, tag);
    fill_18(noise: &mut Noise<Threefry>, step: u64, first: usize, out: &mut [i32]) = noise.fill_eta::<18>(step, first, out);
    fill_16(noise: &mut Noise<Threefry>, step: u64, first: usize, out: &mut [i32]) = noise.fill_eta::<16>(step, first, out);
}

// Starting a chain and measuring it.
probe! {
    new_board_18(seed: u64, chain: u32, law: NoiseKind) -> SquareBoard<Fx<18>> = Board::new(seed, chain, law);
    new_board_f32(seed: u64, chain: u32, law: NoiseKind) -> SquareBoard<f32> = Board::new(seed, chain, law);
    new_euler_18(action: &Phi4, eps: f64, dims: usize) -> Result<EulerOf<Fx<18>>, Error> = Euler::new(action, eps, dims);
    new_euler_f32(action: &Phi4, eps: f64, dims: usize) -> Result<EulerOf<f32>, Error> = Euler::new(action, eps, dims);
    new_mala_18(action: &Phi4, eps: f64, dims: usize) -> Result<MalaOf<Fx<18>>, Error> = Mala::new(action, eps, dims);
    start_18(phi: &mut [i32], width: f64, seed: u64) -> Result<(), Error> = hot_start::<Fx<18>>(phi, width, seed, 0);
    start_f32(phi: &mut [f32], width: f64, seed: u64) -> Result<(), Error> = hot_start::<f32>(phi, width, seed, 0);
    measure_18(action: &Phi4, phi: &[i32]) -> Measurement = measure::<Fx<18>, _, 2, _>(&SquareBoard::<Fx<18>>::PLAN, action, phi);
    measure_f32(action: &Phi4, phi: &[f32]) -> Measurement = measure::<f32, _, 2, _>(&SquareBoard::<f32>::PLAN, action, phi);
    slices_18(phi: &[i32], out: &mut [f64]) = slices::<Fx<18>, 2, _>(&SquareBoard::<Fx<18>>::PLAN, phi, out);
    averages(sum: &mut Averages, of: &Measurement) = sum.push(of);
    correlator(sum: &mut Correlator<32>, slices: &[f64], slab: usize) -> bool = sum.push(slices, slab);
    trace(trace: &mut Trace<64>, value: f64) = trace.push(value);
}

/// Functions that can panic, of every kind: each must be caught.
#[cfg(feature = "planted-panic")]
mod planted {
    probe! {
        planted_index(table: &[i32], index: usize) -> i32 = table[index];
        planted_range(table: &[i32], end: usize) -> &[i32] = &table[..end];
        planted_unwrap(value: Option<i32>) -> i32 = value.unwrap();
        planted_expect(value: Result<i32, u8>) -> i32 = value.expect("planted");
        planted_division(a: i32, b: i32) -> i32 = a / b;
        planted_copy(to: &mut [i32], from: &[i32]) = to.copy_from_slice(from);
        planted_borrow(cell: &core::cell::RefCell<i32>) -> i32 = *cell.borrow_mut();
        planted_deep(table: &[i32], index: usize) -> i32 = behind(table, index) + 1;
    }

    /// A panic that is not in the exported function itself.
    #[inline(never)]
    fn behind(table: &[i32], index: usize) -> i32 {
        table[index] ^ index as i32
    }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

// Diffusion with a learned score, and with that of a site.
probe! {
    new_network_f32(hartley: Hartley<'static, f32>, weights: &Weights<'static, f32>, stages: &'static [Stage<'static, f32>]) -> Result<Network<'static, f32>, Error> =
        Network::new(hartley, *weights, stages);
    flow_network_f32(flow: &Flow<'_, f32>, score: &Network<'_, f32>, u: &mut [f32], work: &mut [f32]) -> f64 =
        flow.run::<true, _, _>(Portable, score, u, work);
    flow_silent_network_f32(flow: &Flow<'_, f32>, score: &Network<'_, f32>, u: &mut [f32], work: &mut [f32]) -> f64 =
        flow.run::<false, _, _>(Portable, score, u, work);
    reverse_network_f32(reverse: &Reverse<'_, f32>, score: &Network<'_, f32>, noise: &mut Noise<Threefry>, y: &mut [f32], work: &mut [f32]) -> f64 =
        reverse.run::<true, _, _, _>(Portable, score, noise, y, work);
    reverse_site_f32(reverse: &Reverse<'_, f32>, score: &SiteScore<'_, f32>, noise: &mut Noise<Threefry>, y: &mut [f32], work: &mut [f32]) -> f64 =
        reverse.run::<false, _, _, _>(Portable, score, noise, y, work);
    magnetisation(law: &Magnetisation<'_>, word: u64) -> f64 = law.draw(word);
    ln_magnetisation(law: &Magnetisation<'_>, m: f64) -> f64 = law.ln_density(m);
    transform_f32(hartley: &Hartley<'_, f32>, x: &[f32], out: &mut [f32], work: &mut [f32]) = hartley.transform(Portable, x, out, work);
}

/// The quantised network of a device: a line of H, four sites at a time.
type Int8<'a> = int8::Network<Line<'a>, 4>;

// The quantised score.
probe! {
    image(bytes: &'static [u8]) -> Result<Image<'static>, ImageError> = Image::new(bytes);
    image_again(header: &Header, bytes: &'static [u8]) -> Option<Image<'static>> = header.image(bytes);
    prepare(image: &Image<'_>, n: usize, numbers: &'static mut [i16]) -> int8::Stage<'static> = int8::Stage::prepare(image, n, numbers);
    line(image: &Image<'_>, line: &'static mut [i16]) -> Line<'static> = Line::new(image, line);
    remainder_int8(network: &Int8<'_>, stage: &int8::Stage<'_>, m: i16, u: &[i16], h: &mut [i16], work: &mut [i16]) =
        network.remainder(Portable, stage, m, u, h, work);
    reverse_int8(network: &Int8<'_>, stage: &int8::Stage<'_>, noise: &mut Noise<Threefry>, step: u64, h: &[i16], u: &mut [i16]) =
        network.reverse(Portable, stage, noise, step, h, u);
    flow_int8(network: &Int8<'_>, stage: &int8::Stage<'_>, base: &[i16], h: &[i16], out: &mut [i16]) =
        network.flow(Portable, stage.spectral(1), base, h, out);
    finish_int8(network: &Int8<'_>, image: &Image<'_>, m: i16, u: &[i16], phi: &mut [i16], work: &mut [i16]) =
        network.finish(Portable, image, m, u, phi, work);
    start_int8(noise: &mut Noise<Threefry>, u: &mut [i16]) = int8::start(Portable, noise, 0, u);
    magnetisation_int8(image: &Image<'_>, word: u64) -> i16 = int8::magnetisation(image, word);
}
