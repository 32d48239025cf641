//! `cargo xtask firmware`: the programs of the boards, and what flash and RAM they take.

use crate::bare::Via;
use crate::report::Report;
use crate::sh::{Result, capture, target_dir};
use object::{Object, ObjectSection, ObjectSymbol, SectionKind};
use std::fs;
use std::path::PathBuf;

/// The manifest, seen from the root.
pub const MANIFEST: &str = "firmware/Cargo.toml";

/// A board's program.
struct Board {
    package: &'static str,
    target: &'static str,
    profile: &'static str,
    /// Most bytes of flash, and of RAM without the stack, where the board has little.
    most: Option<[u64; 2]>,
    /// Whether nothing in it may panic: all but what a chip's own hardware layer brings.
    panic_free: bool,
}

const BOARDS: [Board; 4] = [
    Board {
        package: "stoquant-mps2-an386",
        target: "thumbv7em-none-eabihf",
        profile: "release",
        most: None,
        panic_free: true,
    },
    Board {
        package: "stoquant-virt-rv32",
        target: "riscv32imac-unknown-none-elf",
        profile: "release",
        most: None,
        panic_free: true,
    },
    // A 32×32 chain: 24 KiB of flash, 8 KiB of RAM with 3 of stack.
    Board {
        package: "stoquant-microbit",
        target: "thumbv6m-none-eabi",
        profile: "small",
        most: Some([24 << 10, 5 << 10]),
        panic_free: true,
    },
    Board {
        package: "stoquant-rp2040",
        target: "thumbv6m-none-eabi",
        profile: "release",
        most: None,
        panic_free: false,
    },
];

/// Builds all of them, into `target/firmware/NAME.elf`.
pub fn run(report: &mut Report, via: Via) -> Result<()> {
    for board in &BOARDS {
        report.step(&format!("firmware, {}", board.package), || board.build(via))?;
    }
    Ok(())
}

/// Whether all of them are there.
pub fn built() -> bool {
    BOARDS.iter().all(|board| board.elf().is_file())
}

impl Board {
    fn elf(&self) -> PathBuf {
        target_dir().join("firmware").join(self.package).with_extension("elf")
    }

    fn build(&self, via: Via) -> Result<String> {
        let out = target_dir().join("firmware");
        let mut command = via.cargo("build", self.target);
        command.args(["--manifest-path", MANIFEST, "--package", self.package, "--profile", self.profile]);
        command.arg("--target-dir").arg(&out);
        capture(command)?;
        let made = out.join(self.target).join(self.profile).join(self.package);
        fs::copy(&made, self.elf()).map_err(|e| format!("{}: {e}", made.display()))?;
        let bytes = fs::read(self.elf()).map_err(|e| format!("{}: {e}", self.elf().display()))?;
        let file = object::File::parse(&*bytes).map_err(|e| format!("{}: {e}", self.elf().display()))?;
        if self.panic_free
            && let Some(symbol) =
                file.symbols().filter_map(|symbol| symbol.name().ok()).find(|name| name.contains("panicking"))
        {
            return Err(format!("{}: a panic path, {symbol}", self.package).into());
        }
        let [flash, ram] = sizes(&file);
        if let Some([most_flash, most_ram]) = self.most
            && (flash > most_flash || ram > most_ram)
        {
            let line = format!(
                "{}: flash {flash} B and static RAM {ram} B, at most {most_flash} and {most_ram}",
                self.package
            );
            return Err(line.into());
        }
        Ok(format!("flash {flash} B, static RAM {ram} B"))
    }
}

/// Bytes of flash and of RAM, from the sections of an ELF file.
fn sizes(file: &object::File<'_>) -> [u64; 2] {
    let mut sizes = [0; 2];
    for section in file.sections() {
        match section.kind() {
            SectionKind::Text | SectionKind::ReadOnlyData => sizes[0] += section.size(),
            SectionKind::Data => sizes = sizes.map(|size| size + section.size()),
            // Where the linker puts no variable, but reserves what is left for stack and heap.
            SectionKind::UninitializedData if !matches!(section.name(), Ok(".stack" | ".heap")) => {
                sizes[1] += section.size();
            }
            _ => {}
        }
    }
    sizes
}
