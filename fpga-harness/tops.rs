// The circuits that are simulated; read by the build script and by the library.

/// A module with parameters, as a model of its own.
pub struct Top {
    /// Name of the model.
    pub name: &'static str,
    /// The module.
    pub module: &'static str,
    /// Its parameters.
    pub parameters: &'static [(&'static str, u32)],
    /// Its ports but the clock, each of at most 64 bits.
    pub ports: &'static [&'static str],
}

const EULER: &[&str] = &[
    "hop_i", "linear_i", "cubic_i", "sigma_i", "phi_i", "nn_i", "eta_i", "new_o", "clipped_new_o", "clipped_factor_o",
    "square_o", "drift_o", "eta_o",
];
const OBSERVABLE: &[&str] = &["valid_i", "phi_i", "nn_i", "square_i", "sum_phi_o", "sum_phi2_o", "sum_bond_o"];
/// Ports of `sq_replica` with one chain, and of a netlist of it.
pub const REPLICA: &[&str] = &[
    "rst_i", "cfg_we_i", "cfg_pipe_i", "cfg_addr_i", "cfg_data_i", "run_i", "sweeps_i", "measure_i", "abort_i",
    "busy_o", "sel_i", "field_we_i", "field_addr_i", "field_data_i", "field_data_o", "step_o", "clipped_o", "sum_phi_o",
    "sum_phi2_o", "sum_bond_o", "new_valid_o", "new_site_o", "new_o", "new_eta_o", "new_drift_o",
];
/// The same of several: what all write at once is wider than a port here.
const REPLICAS: &[&str] = {
    let (ports, _) = REPLICA.split_at(REPLICA.len() - 5);
    ports
};

/// All of them.
pub const TOPS: &[Top] = &[
    Top {
        name: "threefry",
        module: "sq_noise_threefry",
        parameters: &[],
        ports: &["phase_i", "key0_i", "key1_i", "c0_i", "c1_i", "x0_o", "x1_o"],
    },
    Top {
        name: "words",
        module: "sq_noise_words",
        parameters: &[("SitesLog2", 10)],
        ports: &["phase_i", "start_i", "step_i", "key0_i", "key1_i", "word_o"],
    },
    Top { name: "gauss18", module: "sq_noise_gauss", parameters: &[("W", 18)], ports: &["word_i", "eta_o"] },
    Top { name: "gauss16", module: "sq_noise_gauss", parameters: &[("W", 16)], ports: &["word_i", "eta_o"] },
    Top { name: "euler18", module: "sq_integrator_euler", parameters: &[("W", 18)], ports: EULER },
    Top { name: "euler16", module: "sq_integrator_euler", parameters: &[("W", 16)], ports: EULER },
    Top { name: "observable18", module: "sq_observable", parameters: &[("W", 18), ("Bonds", 1)], ports: OBSERVABLE },
    Top {
        name: "replica18",
        module: "sq_replica",
        parameters: &[("W", 18), ("SitesLog2", 10), ("Pipes", 1), ("Bonds", 1)],
        ports: REPLICA,
    },
    Top {
        name: "replica16",
        module: "sq_replica",
        parameters: &[("W", 16), ("SitesLog2", 10), ("Pipes", 1), ("Bonds", 1)],
        ports: REPLICA,
    },
    Top {
        name: "replicas",
        module: "sq_replica",
        parameters: &[("W", 18), ("SitesLog2", 8), ("Pipes", 3), ("Bonds", 0)],
        ports: REPLICAS,
    },
    Top {
        name: "top18",
        module: "sq_top",
        parameters: &[("W", 18), ("SitesLog2", 10), ("Bonds", 0), ("ClockHz", 16), ("Baud", 1)],
        ports: TOP,
    },
    Top {
        name: "top16",
        module: "sq_top",
        parameters: &[("W", 16), ("SitesLog2", 6), ("Sums", 0), ("Bonds", 0), ("ClockHz", 16), ("Baud", 1)],
        ports: TOP,
    },
    Top {
        name: "top18x3",
        module: "sq_top",
        parameters: &[("W", 18), ("SitesLog2", 8), ("Pipes", 3), ("ClockHz", 16), ("Baud", 1)],
        ports: TOP,
    },
];

// 16 clocks a bit of the line: fewer than on a board, or most of the time nothing would happen.
const TOP: &[&str] = &["rst_i", "rx_i", "tx_o"];
