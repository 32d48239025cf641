// sq_score_int8_sampler_orbit against its formula, for all modes one after the other.
module sq_formal_score_orbit (
  input  wire        clk_i,
  input  wire [9:0]  mode_i
);
  (* anyconst *) reg [2:0] log2;
  wire [10:0] modes = 11'd1 << (2 * log2);
  always @* assume (log2 >= 2 && log2 <= 5 && mode_i < modes);
  wire [7:0] orbit;
  sq_score_int8_sampler_orbit dut (.clk_i(clk_i), .log2_i(log2), .mode_i(mode_i), .orbit_o(orbit));

  reg [9:0] mode_1_q, mode_2_q, mode_3_q, mode_4_q, mode_5_q;
  reg [2:0] age_q = 0;
  always @(posedge clk_i) begin
    mode_1_q <= mode_i;
    mode_2_q <= mode_1_q;
    mode_3_q <= mode_2_q;
    mode_4_q <= mode_3_q;
    mode_5_q <= mode_4_q;
    if (age_q < 5) age_q <= age_q + 1;
  end

  // L, row and column, what both are at most L/2 after the fold, and their place in the triangle.
  wire [9:0] side = 10'd1 << log2, half = side >> 1;
  wire [9:0] i = mode_5_q >> log2, j = mode_5_q & (side - 1);
  wire [9:0] i_fold = i > half ? side - i : i, j_fold = j > half ? side - j : j;
  wire [9:0] low = i_fold < j_fold ? i_fold : j_fold, high = i_fold < j_fold ? j_fold : i_fold;
  wire [9:0] expected = low * (half + 1) - (low == 0 ? 0 : low * (low - 1) / 2) + high - low;
  wire [9:0] orbits = (half + 1) * (half + 2) / 2;
  always @(posedge clk_i) if (age_q >= 5) begin
    assert (orbit == expected);
    assert (orbit < orbits);
  end
endmodule
