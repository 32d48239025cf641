// Generated from stoquant-core by `cargo xtask fpga generate`; do not edit.
// Rotation of round r in byte r, and the constant of the key schedule.
localparam [159:0] Rotations = 160'h061a0f0d18101d11061a0f0d18101d11061a0f0d;
localparam [31:0] Parity = 32'h1bd11bda;
