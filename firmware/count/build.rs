//! Where the boards have their memory.

use std::{env, fs, path::PathBuf};

/// mps2-an386: two SSRAMs. `cortex-m-rt` reads `memory.x`.
const MPS2: &str = "
MEMORY { FLASH : ORIGIN = 0x00000000, LENGTH = 4M  RAM : ORIGIN = 0x20000000, LENGTH = 4M }
";

/// `virt`: one memory, which begins where the machine starts.
const VIRT: &str = r#"
MEMORY { RAM : ORIGIN = 0x80000000, LENGTH = 8M }
REGION_ALIAS("REGION_TEXT", RAM);
REGION_ALIAS("REGION_RODATA", RAM);
REGION_ALIAS("REGION_DATA", RAM);
REGION_ALIAS("REGION_BSS", RAM);
REGION_ALIAS("REGION_HEAP", RAM);
REGION_ALIAS("REGION_STACK", RAM);
"#;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let var = |name| env::var(name).unwrap_or_default();
    if var("CARGO_CFG_TARGET_OS") != "none" {
        return;
    }
    let arm = var("CARGO_CFG_TARGET_ARCH") == "arm";
    let out = PathBuf::from(var("OUT_DIR"));
    fs::write(out.join("memory.x"), if arm { MPS2 } else { VIRT }).expect("memory.x");
    println!("cargo:rustc-link-search={}", out.display());
    if !arm {
        println!("cargo:rustc-link-arg-bins=-Tmemory.x");
    }
    println!("cargo:rustc-link-arg-bins=-Tlink.x");
}
