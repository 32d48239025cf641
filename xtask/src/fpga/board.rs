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

/// Multiplier blocks of the score: 16 of the transform, 40 of the network (9 and 28 of the layers, 2 of the features, 1
/// of the output), 6 of the sampler, 2 of the noise, and one each of stages, M and sums.
pub const SCORE_MULTIPLIERS: usize = 67;

/// Memory blocks of the score: 32 of the image, 22 of weights, 14 of activations, 4 of tables, 7 of fields, 2 of the
/// noise and 1 of stages, 1 of sums; and of the link.
pub const SCORE_MEMORIES: usize = 83;

/// What a bitstream samples with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Design {
    /// So many Langevin chains.
    Chains(usize),
    /// The quantised score.
    Score,
}

impl std::fmt::Display for Design {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Chains(1) => f.write_str("1 pipe"),
            Self::Chains(pipes) => write!(f, "{pipes} pipes"),
            Self::Score => f.write_str("score"),
        }
    }
}

impl Design {
    /// What the record and the directories call it.
    pub fn key(self) -> String {
        match self {
            Self::Chains(pipes) => pipes.to_string(),
            Self::Score => "score".into(),
        }
    }
}

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

    /// Parameters of its top level.
    pub fn parameters(self, design: Design) -> Result<Vec<(&'static str, usize)>> {
        match (self, design) {
            (_, Design::Chains(pipes @ (0 | 33..))) => Err(format!("{pipes} chains: from 1 to 32 of them").into()),
            (Self::Icebreaker, Design::Chains(1)) => Ok(vec![]),
            (Self::Icebreaker, Design::Chains(pipes)) => {
                Err(format!("{pipes} chains: an icebreaker has room for 1").into())
            }
            (Self::Ulx3s | Self::Orangecrab, Design::Chains(pipes)) => Ok(vec![("Pipes", pipes)]),
            (Self::Ulx3s, Design::Score) => Ok(vec![("Score", 1)]),
            (Self::Orangecrab | Self::Icebreaker, Design::Score) => Err(format!(
                "score: it has {SCORE_MULTIPLIERS} multipliers, and the {self} has {}; a ulx3s has room for it",
                if self == Self::Orangecrab { 28 } else { 8 }
            )
            .into()),
        }
    }

    /// Multiplier blocks, exactly, and memory blocks, at least, of a design.
    pub fn blocks(self, design: Design) -> [usize; 2] {
        match design {
            Design::Chains(pipes) => {
                [pipes * (MULTIPLIERS + self.bonds()), pipes * self.family().memories(self.sites_log2())]
            }
            Design::Score => [SCORE_MULTIPLIERS, SCORE_MEMORIES],
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
    pub fn clock(self, design: Design) -> f64 {
        match self {
            Self::Ulx3s => match design {
                Design::Chains(1) => 125.0,
                Design::Chains(_) => 112.5,
                Design::Score => 700.0 / 6.0,
            },
            Self::Orangecrab => 115.2,
            Self::Icebreaker => 24.0,
        }
    }

    /// What place and route strives for, in MHz, where that is more than the board's clock: it stops improving once it
    /// has it.
    pub fn goal(self, design: Design) -> Option<f64> {
        match (self, design) {
            (Self::Ulx3s, Design::Chains(1)) => Some(136.0),
            // It would go on for a long time for more.
            (Self::Ulx3s, Design::Score) => Some(125.0),
            _ => None,
        }
    }

    /// Seed of place and route, and how hard it tries for the clock.
    pub fn effort(self, design: Design) -> &'static [&'static str] {
        match design {
            // Hundreds of memory words on their way to multipliers: wire length alone leaves some of them far away.
            Design::Score => &["--seed", "1", "--placer-heap-timingweight", "30", "--tmg-ripup"],
            Design::Chains(_) => &["--seed", "1"],
        }
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
pub fn every() -> [(Board, Design); 5] {
    [
        (Board::Ulx3s, Design::Chains(1)),
        (Board::Icebreaker, Design::Chains(1)),
        (Board::Orangecrab, Design::Chains(4)),
        (Board::Ulx3s, Design::Chains(8)),
        (Board::Ulx3s, Design::Score),
    ]
}
