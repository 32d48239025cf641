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
        ports: &["phase_i", "start_i", "first_i", "step_i", "key0_i", "key1_i", "word_o"],
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
    Top {
        name: "scoretop",
        module: "sq_score_top",
        parameters: &[("ClockHz", 16), ("Baud", 1)],
        ports: TOP,
    },
    Top {
        name: "score_round32",
        module: "sq_score_int8_arithmetic_round",
        parameters: &[("In", 32), ("Out", 16)],
        ports: ROUND,
    },
    Top {
        name: "score_round34",
        module: "sq_score_int8_arithmetic_round",
        parameters: &[("In", 34), ("Out", 24)],
        ports: ROUND,
    },
    Top {
        name: "score_round27",
        module: "sq_score_int8_arithmetic_round",
        parameters: &[("In", 27), ("Out", 16)],
        ports: ROUND,
    },
    Top {
        name: "score_activation",
        module: "sq_score_int8_arithmetic_activation",
        parameters: &[],
        ports: &["z_i", "beta_i", "a_o"],
    },
    Top { name: "score_hartley16", module: "sq_score_int8_hartley", parameters: &[("Lanes", 16)], ports: HARTLEY },
    Top { name: "score_hartley2", module: "sq_score_int8_hartley", parameters: &[("Lanes", 2)], ports: HARTLEY },
    Top { name: "score_network", module: "sq_score_int8_network", parameters: &[("Units", 24)], ports: NETWORK },
    Top {
        name: "score",
        module: "sq_score",
        parameters: &[("Lanes", 16), ("MaxLog2", 5), ("Units", 24), ("ImageLog2", 15)],
        ports: SCORE,
    },
    Top { name: "score_stage", module: "sq_score_int8_stage", parameters: &[("Units", 24)], ports: SCORE_STAGE },
    Top {
        name: "score_orbit",
        module: "sq_score_int8_sampler_orbit",
        parameters: &[("MaxLog2", 5), ("OrbitsLog2", 8)],
        ports: &["log2_i", "mode_i", "orbit_o"],
    },
    Top {
        name: "score_magnetisation",
        module: "sq_score_int8_sampler_magnetisation",
        parameters: &[("ImageLog2", 15)],
        ports: &["rst_i", "start_i", "random_i", "table_i", "addr_o", "word_i", "done_o", "m_o"],
    },
    Top {
        name: "score_sums",
        module: "sq_score_sums",
        parameters: &[("MaxLog2", 5)],
        ports: &[
            "rst_i", "start_i", "log2_i", "addr_o", "phi_i", "done_o", "sum_phi_o", "sum_phi2_o", "sum_phi4_low_o",
            "sum_phi4_high_o", "sum_bond_o",
        ],
    },
];

/// Ports of `sq_score`.
pub const SCORE: &[&str] = &[
    "rst_i", "phase_i", "cfg_we_i", "cfg_addr_i", "cfg_data_i", "image_we_i", "image_addr_i", "image_data_i", "check_i",
    "begin_i", "run_i", "stages_i", "finish_i", "draw_i", "count_i", "abort_i", "busy_o", "good_o", "fits_o", "sites_o",
    "stages_o", "m_o", "step_o", "drawn_o", "field_we_i", "field_addr_i", "field_data_i", "field_data_o", "phi_addr_i",
    "phi_data_o", "sums_addr_i", "sums_data_o", "show_o", "show_y_o", "show_h_o", "show_score_o", "show_u_o",
    "show_phi_o",
];

const ROUND: &[&str] = &["shift_i", "x_i", "y_o"];
const HARTLEY: &[&str] = &[
    "rst_i", "log2_i", "shift_i", "line_we_i", "line_addr_i", "line_data_i", "start_i", "addr_o", "x_i", "out_valid_o",
    "out_addr_o", "out_o", "done_o",
];
const NETWORK: &[&str] = &[
    "rst_i", "log2_i", "last_slot_i", "last1_i", "last2_i", "shifts_i", "bank_i", "weight_we_i", "weight_layer_i",
    "weight_pair_i", "weight_unit_i", "weight_data_i", "scalar_we_i", "scalar_addr_i", "scalar_data_i", "start_i",
    "addr_o", "y_i", "y2_i", "valid_o", "h_o",
];

const SCORE_STAGE: &[&str] = &[
    "rst_i", "rows_i", "row_length_i", "records_i", "gains_i", "weights_i", "end_i", "orbits_i", "first_i", "second_i",
    "start_i", "stage_i", "last_i", "bank_i", "m_i", "busy_o", "closes_o", "addr_o", "word_i", "table_we_o",
    "table_addr_o", "table_data_o", "weight_we_o", "weight_layer_o", "weight_pair_o", "weight_unit_o", "weight_data_o",
    "hand_i", "handing_o", "scalar_we_o", "scalar_addr_o", "scalar_data_o",
];

// 16 clocks a bit of the line: fewer than on a board, or most of the time nothing would happen.
const TOP: &[&str] = &["rst_i", "rx_i", "tx_o"];
