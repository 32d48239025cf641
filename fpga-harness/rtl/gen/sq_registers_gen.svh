// Generated from stoquant-core by `cargo xtask fpga generate`; do not edit.
// Registers that cfg_addr_i means.
/* verilator lint_off UNUSEDPARAM */
localparam [3:0] RegKey0 = 4'd0;  // k0 of the noise stream's key
localparam [3:0] RegKey1 = 4'd1;  // k1 of the same
localparam [3:0] RegHop = 4'd2;  // k_n, W bits signed
localparam [3:0] RegLinear = 4'd3;  // k_a, 2W - 4 bits signed
localparam [3:0] RegCubic = 4'd4;  // k_c, W bits signed
localparam [3:0] RegSigma = 4'd5;  // k_s, W bits, positive
localparam [3:0] RegSites = 4'd6;  // volume, of all chains
localparam [3:0] RegColumns = 4'd7;  // faster extent, of all chains
localparam [3:0] RegStepLow = 4'd8;  // number of the next step, bits 31 to 0, of all chains
localparam [3:0] RegStepHigh = 4'd9;  // bits 43 to 32
/* verilator lint_on UNUSEDPARAM */
