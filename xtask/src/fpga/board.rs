//! The boards, and what is asked of each.

use crate::sh::Result;

/// Devices with the same blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// None in particular: simulation.
    Generic,
    /// Lattice ECP5.
    Ecp5,
    /// Lattice iCE40.
    Ice40,
}

impl Family {
    /// Name of the directory of its blocks.
    pub fn name(self) -> &'static str {
        match self {
            Self::Generic => "generic",
            Self::Ecp5 => "ecp5",
            Self::Ice40 => "ice40",
        }
    }

    /// Bits of the field.
    pub fn width(self) -> usize {
        if self == Self::Ice40 { 16 } else { 18 }
    }

    /// Synthesis, as a command of Yosys without the module's name.
    pub fn synthesis(self) -> &'static str {
        if self == Self::Ice40 { "synth_ice40 -device u" } else { "synth_ecp5" }
    }

    /// Multiplier blocks, memory blocks, and what memory in logic would be made of.
    pub fn blocks(self) -> [&'static str; 3] {
        if self == Self::Ice40 {
            ["SB_MAC16", "SB_RAM40_4K", "none"]
        } else {
            ["MULT18X18D", "DP16KD", "TRELLIS_DPR16X4"]
        }
    }

    /// What is defined for its sources.
    pub fn defines(self) -> &'static str {
        if self == Self::Ice40 { "-DSQ_DELAYS_IN_RAM" } else { "" }
    }

    /// Memory blocks of a chain: three copies of two fields, and the Gaussian's table; on an iCE40 four delays, of
    /// which one is wide.
    pub fn memories(self, sites_log2: usize) -> usize {
        let words = 2 << sites_log2;
        if self == Self::Ice40 { 3 * (words * 16 / 4096) + 4 + 5 } else { 3 * (words * 9).div_ceil(18432) * 2 + 2 }
    }
}

/// Multiplier blocks of a chain without Σ φ·nn.
pub const MULTIPLIERS: usize = 7;

/// The boards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Board {
    /// ULX3S with an LFE5U-85F
    Ulx3s,
    /// OrangeCrab r0.2 with an LFE5U-25F
    Orangecrab,
    /// iCEBreaker with an iCE40UP5K
    Icebreaker,
}

impl Board {
    pub fn name(self) -> String {
        self.to_string()
    }

    pub fn family(self) -> Family {
        if self == Self::Icebreaker { Family::Ice40 } else { Family::Ecp5 }
    }

    /// How many chains it has by itself.
    pub fn pipes(self) -> usize {
        if self == Self::Orangecrab { 4 } else { 1 }
    }

    /// Parameters of its top level for so many chains.
    pub fn parameters(self, pipes: usize) -> Result<Vec<(&'static str, usize)>> {
        match (self, pipes) {
            (_, 0) | (_, 33..) => Err(format!("{pipes} chains: from 1 to 32 of them").into()),
            (Self::Icebreaker, 1) => Ok(vec![]),
            (Self::Icebreaker, _) => Err(format!("{pipes} chains: an icebreaker has room for 1").into()),
            (Self::Ulx3s | Self::Orangecrab, _) => Ok(vec![("Pipes", pipes)]),
        }
    }

    /// Multipliers of a chain for Σ φ·nn: see its top level.
    pub fn bonds(self) -> usize {
        usize::from(self == Self::Ulx3s)
    }

    /// Most sites of a chain, as a power of two: see its top level.
    pub fn sites_log2(self) -> usize {
        if self == Self::Icebreaker { 9 } else { 10 }
    }

    /// The clock that its top level makes, in MHz: see there.
    pub fn clock(self, pipes: usize) -> f64 {
        match self {
            Self::Ulx3s if pipes > 1 => 112.5,
            Self::Ulx3s => 125.0,
            Self::Orangecrab => 115.2,
            Self::Icebreaker => 24.0,
        }
    }

    /// What place and route strives for, in MHz, where that is more than the board's clock: it stops improving once it
    /// has it.
    pub fn goal(self, pipes: usize) -> Option<f64> {
        (self == Self::Ulx3s && pipes == 1).then_some(136.0)
    }

    /// Arguments of place and route.
    pub fn device(self) -> &'static [&'static str] {
        match self {
            Self::Ulx3s => &["--85k", "--package", "CABGA381", "--speed", "6"],
            Self::Orangecrab => &["--25k", "--package", "CSFBGA285", "--speed", "6"],
            Self::Icebreaker => &["--up5k", "--package", "sg48"],
        }
    }
}

/// What a full test builds.
pub fn every() -> Vec<(Board, usize)> {
    vec![(Board::Ulx3s, 1), (Board::Icebreaker, 1), (Board::Orangecrab, 4), (Board::Ulx3s, 8)]
}
