//! Makes models of the circuits: Verilator turns each into C++, which is compiled with a few functions around it.

#[cfg(feature = "sim")]
mod models {
    use std::fmt::Write as _;
    use std::path::{Path, PathBuf};
    use std::process::Command;
    use std::{env, fs};

    include!("tops.rs");

    /// A netlist of `sq_replica`, and what its cells do: a path, and further ones, separated by colons. With the
    /// feature `netlist` it is the only circuit.
    const NETLIST: &str = "STOQUANT_NETLIST";

    /// A directory in the place of `rtl`: of a circuit that is wrong on purpose.
    const RTL: &str = "STOQUANT_RTL";

    /// Models to make, by their names or by what their names begin with, separated by commas; all where it is not set.
    /// A test that asks for another model is told that there is none.
    const MODELS: &str = "STOQUANT_MODELS";

    pub fn build() {
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        println!("cargo::rerun-if-changed=lint");
        println!("cargo::rerun-if-changed=tops.rs");
        for variable in [NETLIST, RTL, MODELS] {
            println!("cargo::rerun-if-env-changed={variable}");
        }
        let rtl = PathBuf::from(env::var_os(RTL).unwrap_or_else(|| "rtl".into()));
        if cfg!(not(feature = "netlist")) {
            println!("cargo::rerun-if-changed={}", rtl.display());
        }
        let mut sources = vec![];
        for directory in ["prim/generic", "prim", "gen", ""] {
            let mut files: Vec<PathBuf> = fs::read_dir(rtl.join(directory))
                .unwrap_or_else(|e| panic!("{}: {e}", rtl.join(directory).display()))
                .filter_map(|entry| entry.ok().map(|entry| entry.path()))
                .filter(|path| path.extension().is_some_and(|e| e == "sv"))
                .collect();
            files.sort();
            sources.append(&mut files);
        }
        let mut cpp = cc::Build::new();
        let mut files = [vec![], vec![]];
        // A netlist is a hundred times as long as what it came from; a circuit that is wrong on purpose runs once.
        let short = cfg!(feature = "netlist") || env::var_os(RTL).is_some();
        cpp.cpp(true).std("c++17").opt_level(if short { 1 } else { 2 }).warnings(false);
        let include = verilator_root().join("include");
        cpp.include(&include).include(include.join("vltstd"));
        let mut shim = String::from("#include <cstdint>\n#include \"verilated.h\"\n");
        let mut rust = String::new();
        if cfg!(feature = "netlist") {
            let netlist = env::var(NETLIST)
                .unwrap_or_else(|_| panic!("the feature `netlist` needs {NETLIST}: `cargo xtask fpga build` sets it"));
            let netlist: Vec<PathBuf> = netlist.split(':').map(PathBuf::from).collect();
            netlist.iter().for_each(|file| println!("cargo::rerun-if-changed={}", file.display()));
            let top = Top { name: "netlist", module: "sq_replica", parameters: &[], ports: REPLICA };
            verilate(&top, &rtl, &netlist, false, &out);
            add(&top, &out, &mut cpp, &mut files, &mut shim, &mut rust);
        } else {
            let made = env::var(MODELS).unwrap_or_default();
            let is_name = |name: &str| TOPS.iter().any(|top| top.name == name);
            let of = |top: &Top, name| top.name == name || !is_name(name) && top.name.starts_with(name);
            for top in TOPS {
                if made.split(',').any(|name| of(top, name)) {
                    verilate(top, &rtl, &sources, true, &out);
                    add(top, &out, &mut cpp, &mut files, &mut shim, &mut rust);
                } else {
                    absent(top, &mut rust);
                }
            }
        }
        fs::write(out.join("shim.cpp"), shim).expect("OUT_DIR can be written");
        fs::write(out.join("models.rs"), rust).expect("OUT_DIR can be written");
        // Clippy links nothing, and has a build of its own: minutes of it would come to nothing.
        if env::var_os("RUSTC_WORKSPACE_WRAPPER").is_some_and(|wrapper| wrapper.to_string_lossy().contains("clippy")) {
            return;
        }
        // What runs once, at the start, need not be fast.
        let mut start = cpp.clone();
        let [fast, slow] = files;
        start.opt_level(0).files(slow);
        cpp.files(fast).file(include.join("verilated.cpp")).file(out.join("shim.cpp"));
        let threads = include.join("verilated_threads.cpp");
        if threads.is_file() {
            cpp.file(threads);
        }
        cpp.compile("stoquant_models");
        start.compile("stoquant_models_start");
    }

    fn verilator_root() -> PathBuf {
        let output = Command::new("verilator").args(["--getenv", "VERILATOR_ROOT"]).output();
        let output = output.expect("the feature `sim` needs verilator: `cargo xtask setup` installs it");
        PathBuf::from(String::from_utf8_lossy(&output.stdout).trim())
    }

    fn verilate(top: &Top, rtl: &Path, sources: &[PathBuf], strict: bool, out: &Path) {
        let directory = out.join(top.name);
        // Files of an earlier form of the circuit would be compiled with those of this one.
        let _ = fs::remove_dir_all(&directory);
        let mut verilator = Command::new("verilator");
        verilator.args([
            "--cc",
            "-O3",
            "--x-initial",
            "unique",
            "--x-assign",
            "unique",
            "--prefix",
            &format!("V{}", top.name),
        ]);
        verilator.args(["--top-module", top.module]).arg(format!("-I{}", rtl.join("gen").display()));
        verilator.arg(format!("-I{}", rtl.display())).arg("--Mdir").arg(&directory);
        if strict {
            verilator.args(["-Wall", "--assert", "lint/waivers.vlt"]);
            // What is wrong on purpose may leave a signal without a use.
            if env::var_os(RTL).is_some() {
                verilator.arg("-Wno-fatal");
            }
        } else {
            // A netlist has ports that nobody reads, names that are no names, and one file for many modules.
            // Yosys connects every input of an iCE40's cells; defaults of vectors verilator does not read.
            verilator.arg("-DNO_ICE40_DEFAULT_ASSIGNMENTS");
            // In small functions, which compile faster.
            verilator.args(["--output-split-cfuncs", "500"]);
            verilator.args(["-Wno-fatal", "-Wno-lint", "-Wno-style", "-Wno-UNOPTFLAT", "-Wno-MULTITOP"]);
            // Models of cells include others.
            verilator.args(sources.iter().filter_map(|file| Some(format!("-I{}", file.parent()?.display()))));
        }
        verilator.args(top.parameters.iter().map(|(name, value)| format!("-G{name}={value}")));
        let made = verilator.args(sources).output().expect("verilator has just been found");
        assert!(made.status.success(), "{}:\n{}", top.name, String::from_utf8_lossy(&made.stderr));
    }

    /// In the place of a model that is not made.
    fn absent(top: &Top, rust: &mut String) {
        let (constant, name) = (top.name.to_uppercase(), top.name);
        let _ = write!(
            rust,
            "
/// Not made: see `STOQUANT_MODELS`.
pub static {constant}: Circuit = Circuit::absent({name:?});
"
        );
    }

    /// A model's files, and its functions in C++ and in Rust.
    fn add(
        top: &Top,
        out: &Path,
        cpp: &mut cc::Build,
        files: &mut [Vec<PathBuf>; 2],
        shim: &mut String,
        rust: &mut String,
    ) {
        let name = top.name;
        let directory = out.join(name);
        cpp.include(&directory);
        let entries = fs::read_dir(&directory).expect("verilator has written it");
        let mut made: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        made.sort();
        for path in made.into_iter().filter(|path| path.extension().is_some_and(|e| e == "cpp")) {
            files[usize::from(path.to_string_lossy().ends_with("__Slow.cpp"))].push(path);
        }
        let cases = |statement: &dyn Fn(&str) -> String, kind: &str| -> String {
            let ports = top.ports.iter().enumerate().filter(|(_, port)| port.ends_with(kind));
            ports.map(|(at, port)| format!("case {at}: {}; ", statement(port))).collect()
        };
        let pokes = cases(&|port| format!("m->{port} = v; break"), "_i");
        let peeks = cases(&|port| format!("return m->{port}"), "_o");
        let clock = if top.module == "sq_arith_fx" { "" } else { "m->clk_i = 0; m->eval(); m->clk_i = 1; " };
        let _ = write!(
            shim,
            "#include \"V{name}.h\"
extern \"C\" V{name}* {name}_new(uint32_t seed) {{ auto c = new VerilatedContext; c->randReset(2); \
c->randSeed(seed); return new V{name}(c); }}
extern \"C\" void {name}_free(V{name}* m) {{ auto c = m->contextp(); m->final(); delete m; delete c; }}
extern \"C\" void {name}_clock(V{name}* m, uint32_t n) {{ for (; n; --n) {{ {clock}m->eval(); }} }}
extern \"C\" void {name}_poke(V{name}* m, uint32_t at, uint64_t v) {{ switch (at) {{ {pokes}default: break; }} }}
extern \"C\" uint64_t {name}_peek(V{name}* m, uint32_t at) {{ switch (at) {{ {peeks}default: return 0; }} }}
"
        );
        let constant = name.to_uppercase();
        let ports = top.ports;
        let _ = write!(
            rust,
            "
unsafe extern \"C\" {{
    fn {name}_new(seed: u32) -> *mut c_void;
    fn {name}_free(model: *mut c_void);
    fn {name}_clock(model: *mut c_void, count: u32);
    fn {name}_poke(model: *mut c_void, port: u32, value: u64);
    fn {name}_peek(model: *mut c_void, port: u32) -> u64;
}}
/// `{module}` {parameters:?}.
pub static {constant}: Circuit = Circuit {{
    name: {name:?}, new: {name}_new, free: {name}_free, clock: {name}_clock, poke: {name}_poke, peek: {name}_peek,
    ports: &{ports:?},
}};
",
            module = top.module,
            parameters = top.parameters,
        );
    }
}

fn main() {
    #[cfg(feature = "sim")]
    models::build();
    println!("cargo::rerun-if-changed=build.rs");
}
