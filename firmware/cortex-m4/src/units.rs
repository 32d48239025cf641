//! The units of a layer at four sites.
//!
//! A pair of units is one piece of assembly. Sums take four words of inputs and two of weights at a time; z and β of
//! two sites then share a register, and so do z + β and z - β.
//!
//! ```text
//! round_shift(x, s) + a    t = x + (x ≫ 31), smmlar t·2^(32-s) + a: midpoints away from zero
//! saturation of x          ssat x - 1, then qadd16 of 1: within ±(2^15 - 1)
//! c                        qadd16, qsub16, ssat16: s(1 - 2^-13) = s(1), so 14 bits hold all that differ
//! 254·(s + s)/2^15         smmulr by 127·2^18 + 1. Midpoints are at odd multiples of 2^13, where the 1 moves them away
//!                          from zero; |s + s| ≤ 2^14, so it moves by at most 2^-18 of a unit, and all else is 2^-14
//!                          or more from a midpoint
//! ```

use core::arch::asm;
use stoquant_core::score::int8::kernels::{Two, Units, units_by_pairs};

use crate::CortexM4;

/// Sites for which this is made.
const SITES: usize = 4;

/// Pairs of even inputs.
const EVEN: usize = 2;

/// What a pair of units is told. The assembly knows the order; its pointer is to `odd_factor`, from which constants are
/// read both ways.
#[repr(C)]
struct Pair {
    three: i32,
    half: i32,
    sixteenth: i32,
    odd_factor: i32,
    less: i32,
    ones: u32,
    odd: *const [Two; SITES],
    pairs: usize,
    even: *const [Two; SITES],
    scale: i32,
    /// Factor and bias, one less, of both.
    biases: [[i32; 2]; 2],
    out: [Two; SITES],
}

/// [`Kernels::units`](stoquant_core::score::int8::Kernels::units).
#[inline(always)]
pub fn units<const N: usize>(
    machine: CortexM4,
    units: Units<'_>,
    odd: &[[Two; N]],
    even: &[[Two; N]],
    mut with: impl FnMut(usize, [Two; N]),
) {
    let pointers = [odd.as_ptr() as usize, even.as_ptr() as usize, units.weights.as_ptr() as usize];
    let aligned = pointers.iter().all(|at| at % 4 == 0);
    let (biases, rest) = units.biases.as_chunks::<2>();
    let whole = rest.is_empty() && units.weights.len() >= (odd.len() + EVEN) * units.biases.len();
    // A shift of 1 would need a factor of 2^31.
    let shifts = units.shifts.iter().all(|shift| (2..=31).contains(shift));
    if N != SITES || odd.len() < 3 || even.len() != EVEN || !aligned || !whole || !shifts {
        return units_by_pairs(machine, units, odd, even, with);
    }
    let [odd_factor, even_factor] = units.shifts.map(|shift| 1 << (32 - shift));
    let mut pair = Pair {
        three: 3 << 13,
        half: 1 << 12,
        sixteenth: 1 << 18,
        odd_factor,
        less: -1,
        ones: 0x0001_0001,
        odd: odd.as_ptr().cast(),
        pairs: odd.len(),
        even: even.as_ptr().cast(),
        scale: (127 << 18) + 1,
        biases: [[even_factor, 0]; 2],
        out: [[0; 2]; SITES],
    };
    let mut weights = units.weights.as_ptr();
    for (n, &[one, two]) in biases.iter().enumerate() {
        (pair.biases[0][1], pair.biases[1][1]) = (i32::from(one) - 1, i32::from(two) - 1);
        // SAFETY: N = 4, and what `pair` points to are as many inputs as it says, aligned as `weights` is, which has a
        // word for each of two units.
        weights = unsafe {
            if odd.len() == 3 { both::<true>(weights, &mut pair) } else { both::<false>(weights, &mut pair) }
        };
        if let Some(out) = pair.out.first_chunk() {
            with(n, *out);
        }
    }
}

/// Products of the weights in a register with the inputs in r2 to r5: the first, or further ones.
macro_rules! products {
    (first, $w:literal) => {
        concat!("smuad r8, ", $w, ", r2\n smuad r9, ", $w, ", r3\n smuad r10, ", $w, ", r4\n smuad r11, ", $w, ", r5\n")
    };
    (more, $w:literal) => {
        concat!(
            "smlad r8, ",
            $w,
            ", r2, r8\n smlad r9, ",
            $w,
            ", r3, r9\n smlad r10, ",
            $w,
            ", r4, r10\n smlad r11, ",
            $w,
            ", r5, r11\n"
        )
    };
}

/// Two pairs of inputs.
macro_rules! two_pairs {
    ($which:ident) => {
        concat!(
            "ldmia r12!, {{r0, r1}}\n ldmia lr!, {{r2, r3, r4, r5}}\n",
            products!($which, "r0"),
            "ldmia lr!, {{r2, r3, r4, r5}}\n",
            products!(more, "r1")
        )
    };
}

/// One more.
macro_rules! one_pair {
    () => {
        concat!("ldr r0, [r12], #4\n ldmia lr!, {{r2, r3, r4, r5}}\n", products!(more, "r0"))
    };
}

/// Three pairs of odd inputs.
macro_rules! three {
    () => {
        concat!("ldr lr, [r6, #12]\n", two_pairs!(first), one_pair!())
    };
}

/// Four or more.
macro_rules! many {
    () => {
        concat!(
            "ldrd lr, r7, [r6, #12]\n",
            two_pairs!(first),
            two_pairs!(more),
            "subs r7, #8\n blo 3f\n",
            "2:\n",
            two_pairs!(more),
            two_pairs!(more),
            "subs r7, #4\n bhs 2b\n",
            "3:\n adds r7, #4\n beq 5f\n",
            "4:\n",
            one_pair!(),
            "subs r7, #1\n bne 4b\n",
            "5:\n"
        )
    };
}

/// r = round_shift(r) + r1 with the factor r0, within 16 bits.
macro_rules! rounded {
    ($r:literal) => {
        concat!(
            "add ",
            $r,
            ", ",
            $r,
            ", ",
            $r,
            ", asr #31\n smmlar ",
            $r,
            ", ",
            $r,
            ", r0, r1\n ssat ",
            $r,
            ", #16, ",
            $r,
            "\n"
        )
    };
}

/// s of the lower ("bb", "bb") or upper ("tt", "tb") half of c; to out, or added to it.
macro_rules! smooth {
    ($c:literal, $square:literal, $times:literal, $end:expr) => {
        concat!(
            "smla",
            $square,
            " lr, ",
            $c,
            ", ",
            $c,
            ", r5\n sub lr, r4, lr, asr #13\n",
            "smul",
            $times,
            " lr, ",
            $c,
            ", lr\n add lr, lr, lr, asr #31\n",
            $end
        )
    };
}

/// s(c₊) + s(c₋) of a site.
macro_rules! activation {
    ($sum:literal, $difference:literal, $square:literal, $times:literal, $out:literal) => {
        concat!(
            smooth!($sum, $square, $times, concat!("smmulr ", $out, ", lr, r7\n")),
            smooth!($difference, $square, $times, concat!("smmlar ", $out, ", lr, r7, ", $out, "\n"))
        )
    };
}

/// A unit, from the sums over odd inputs on: its bias at `bias`, its results at four places of `out`.
macro_rules! unit {
    ($sums:expr, $bias:literal, $o0:literal, $o1:literal, $o2:literal, $o3:literal) => {
        concat!(
            $sums,
            "ldmia r6, {{r0, r1, r2}}\n",
            rounded!("r8"),
            rounded!("r9"),
            rounded!("r10"),
            rounded!("r11"),
            "pkhbt r8, r8, r9, lsl #16\n pkhbt r9, r10, r11, lsl #16\n qadd16 r8, r8, r2\n qadd16 r9, r9, r2\n",
            "ldr lr, [r6, #20]\n ldr r0, [r12], #4\n ldmia lr!, {{r1, r2, r3, r4}}\n",
            "smuad r5, r0, r1\n smuad r7, r0, r2\n smuad r10, r0, r3\n smuad r11, r0, r4\n",
            "ldr r0, [r12], #4\n ldmia lr, {{r1, r2, r3, r4}}\n",
            "smlad r5, r0, r1, r5\n smlad r7, r0, r2, r7\n smlad r10, r0, r3, r10\n smlad r11, r0, r4, r11\n",
            "ldrd r0, r1, [r6, #",
            $bias,
            "]\n ldr r2, [r6, #8]\n",
            rounded!("r5"),
            rounded!("r7"),
            rounded!("r10"),
            rounded!("r11"),
            "pkhbt r5, r5, r7, lsl #16\n pkhbt r7, r10, r11, lsl #16\n qadd16 r5, r5, r2\n qadd16 r7, r7, r2\n",
            "qadd16 r0, r8, r5\n qsub16 r1, r8, r5\n qadd16 r2, r9, r7\n qsub16 r3, r9, r7\n",
            "ssat16 r0, #14, r0\n ssat16 r1, #14, r1\n ssat16 r2, #14, r2\n ssat16 r3, #14, r3\n",
            // 3, half a unit of c², the factor of s.
            "ldmdb r6, {{r4, r5, r7}}\n",
            activation!("r0", "r1", "bb", "bb", "r8"),
            activation!("r0", "r1", "tt", "tb", "r9"),
            activation!("r2", "r3", "bb", "bb", "r10"),
            activation!("r2", "r3", "tt", "tb", "r11"),
            "ldr r4, [r6, #24]\n",
            "smmulr r8, r8, r4\n smmulr r9, r9, r4\n smmulr r10, r10, r4\n smmulr r11, r11, r4\n",
            "strh r8, [r6, #",
            $o0,
            "]\n strh r9, [r6, #",
            $o1,
            "]\n strh r10, [r6, #",
            $o2,
            "]\n strh r11, [r6, #",
            $o3,
            "]\n"
        )
    };
}

macro_rules! both {
    ($sums:expr) => {
        concat!(
            // The compiler keeps these two to itself.
            "push {{r6, r7}}\n mov r6, r0\n",
            unit!($sums, "28", "44", "48", "52", "56"),
            unit!($sums, "36", "46", "50", "54", "58"),
            "pop {{r6, r7}}\n"
        )
    };
}

/// Two units into `pair.out`; `THREE`, or at least four, pairs of odd inputs. Returns where the weights of the next two
/// are.
///
/// # Safety
///
/// All that `pair` points to is there and aligned to words, and so is `weights`: a word for each pair of inputs, for
/// two units.
#[inline(always)]
unsafe fn both<const THREE: bool>(weights: *const Two, pair: &mut Pair) -> *const Two {
    let next;
    macro_rules! run {
        ($text:expr) => {
            asm!(
                $text,
                inout("r0") (pair as *mut Pair).byte_add(core::mem::offset_of!(Pair, odd_factor)) => _,
                inout("r12") weights => next,
                out("r1") _, out("r2") _, out("r3") _, out("r4") _, out("r5") _,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("lr") _
            )
        };
    }
    // SAFETY: reads what the caller promises, writes `out`; what is pushed is popped.
    unsafe {
        if THREE {
            run!(both!(three!()));
        } else {
            run!(both!(many!()));
        }
    }
    next
}
