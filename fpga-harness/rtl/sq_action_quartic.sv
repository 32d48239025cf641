// The drift of φ⁴ theory times ε. Twin of core/src/action/quartic.rs; formats and widths in core/src/arith/fx.rs.
//
//   u = rndnu(φ² >> W-1),  d = sat(rndnu((k_a - k_c·u) >> W-5)),  εK = k_n·Σ + (φ·d << 2)
//
//   phi_i       W bits signed, W - 4 fractional
//   nn_i        W + 2 bits signed, W - 4 fractional: the sum of the four neighbours
//   hop_i       k_n = 2κε, W bits, W + 3 fractional; cubic_i: k_c = 4λε, the same
//   linear_i    k_a = -2bε, 2W - 4 bits, 2W - 4 fractional; its magnitude is below 2^(2W-6)
//   drift_o     2W + 3 bits, 2W - 1 fractional; 11 clocks after phi_i and nn_i
//   phi_late_o  φ, 10 clocks after phi_i
//   clipped_o   d saturated; 7 clocks after phi_i
//   square_o    φ², 2 clocks after phi_i
//
// The multiplier takes W bits of Σ; its two lowest bits come to k_n·(0..3), for adders. To drop them would act as an external field.
module sq_action_quartic #(
  parameter integer W = 18
) (
  input  wire                       clk_i,
  input  wire signed [W-1:0]        hop_i,
  input  wire signed [2*W-5:0]      linear_i,
  input  wire signed [W-1:0]        cubic_i,
  input  wire signed [W-1:0]        phi_i,
  input  wire signed [W+1:0]        nn_i,
  output wire signed [2*W+2:0]      drift_o,
  output wire signed [W-1:0]        phi_late_o,
  output wire                       clipped_o,
  output wire        [2*W-1:0]      square_o
);
  // What follows from the coefficients alone: constant during a run.
  reg signed [W+1:0] hop3_q;
  reg signed [2*W-1:0] linear_q;
  always_ff @(posedge clk_i) begin
    hop3_q <= {{2{hop_i[W-1]}}, hop_i} + {hop_i[W-1], hop_i, 1'b0};
    // With the half of d's rounding.
    linear_q <= {{4{linear_i[2*W-5]}}, linear_i} + {{(W+5){1'b0}}, 1'b1, {(W-6){1'b0}}};
  end

  // φ and Σ, for later.
  wire signed [W-1:0] phi_7;
  wire signed [W+1:0] nn_7;
  sq_prim_delay #(.Width(W), .Clocks(7)) delay_phi (.clk_i(clk_i), .d_i(phi_i), .d_o(phi_7));
  sq_prim_delay #(.Width(W), .Clocks(3)) delay_phi_more (.clk_i(clk_i), .d_i(phi_7), .d_o(phi_late_o));
  sq_prim_delay #(.Width(W+2), .Clocks(7)) delay_nn (.clk_i(clk_i), .d_i(nn_i), .d_o(nn_7));

  // u: φ² < 2^(2W-2), so u < 2^(W-1).
  wire signed [2*W-1:0] square;
  sq_prim_mult #(.A(W), .B(W)) mult_square (.clk_i(clk_i), .a_i(phi_i), .b_i(phi_i), .p_o(square));
  assign square_o = square;
  wire [2*W-1:0] square_half = square + {{(W+1){1'b0}}, 1'b1, {(W-2){1'b0}}};
  reg signed [W-1:0] u_q;
  always_ff @(posedge clk_i) u_q <= {1'b0, square_half[2*W-3:W-1]};

  // d, at 7.
  wire signed [2*W-1:0] bend;
  sq_prim_mult #(.A(W), .B(W)) mult_cubic (.clk_i(clk_i), .a_i(cubic_i), .b_i(u_q), .p_o(bend));
  reg signed [2*W-1:0] slope_q;
  reg signed [W-1:0] d_q;
  reg clipped_q;
  wire signed [W-1:0] d;
  wire clipped;
  // |k_c·u| < 2^(2W-2), |k_a| < 2^(2W-6): 2W bits hold the difference.
  sq_arith_fx #(.Width(2*W), .Shift(W-5), .W(W)) round_d (.sum_i(slope_q), .value_o(d), .clipped_o(clipped));
  always_ff @(posedge clk_i) begin
    slope_q <= linear_q - bend;
    d_q <= d;
    clipped_q <= clipped;
  end
  assign clipped_o = clipped_q;

  // φ·d and k_n·⌊Σ/4⌋, at 9.
  wire signed [2*W-1:0] pull, hops;
  sq_prim_mult #(.A(W), .B(W)) mult_factor (.clk_i(clk_i), .a_i(phi_7), .b_i(d_q), .p_o(pull));
  sq_prim_mult #(.A(W), .B(W)) mult_hop (.clk_i(clk_i), .a_i(hop_i), .b_i(nn_7[W+1:2]), .p_o(hops));

  // k_n·(Σ mod 4): from a choice of four, W + 2 bits.
  reg signed [W+1:0] rest_8_q, rest_9_q, rest_10_q;
  reg signed [2*W-1:0] both_q;
  reg signed [2*W+2:0] drift_q;
  always_ff @(posedge clk_i) begin
    case (nn_7[1:0])
      2'd0: rest_8_q <= {(W+2){1'b0}};
      2'd1: rest_8_q <= {{2{hop_i[W-1]}}, hop_i};
      2'd2: rest_8_q <= {hop_i[W-1], hop_i, 1'b0};
      default: rest_8_q <= hop3_q;
    endcase
    rest_9_q <= rest_8_q;
    rest_10_q <= rest_9_q;
    // Each below 2^(2W-2): 2W bits with the sign.
    both_q <= pull + hops;
    // Below 2^(2W+1) + 2^(W+1).
    drift_q <= {both_q[2*W-1], both_q, 2'b00} + {{(W+1){rest_10_q[W+1]}}, rest_10_q};
  end
  assign drift_o = drift_q;

  wire unused = &{1'b0, square_half[2*W-1:2*W-2], square_half[W-2:0]};
endmodule
