// Euler–Maruyama of one site a clock. Twin of core/src/integrator/euler.rs.
//
//   φ' = sat(rndnu(((φ << W+3) + εK + (k_s·η << 4)) >> W+3)): one rounding
//
//   phi_i, nn_i      as of sq_action_quartic
//   eta_i            W bits signed, W - 4 fractional, 8 clocks after the phi_i that it moves
//   sigma_i          k_s = √(2ε), W bits, W - 1 fractional, positive
//   new_o            φ', 13 clocks after phi_i
//   clipped_new_o    φ' saturated, beside new_o; clipped_factor_o: d saturated, 7 clocks after phi_i
//   square_o         φ², 2 clocks after phi_i
//   drift_o, eta_o   εK and η, beside new_o: for whoever compares
module sq_integrator_euler #(
  parameter integer W = 18
) (
  input  wire                     clk_i,
  input  wire signed [W-1:0]      hop_i,
  input  wire signed [2*W-5:0]    linear_i,
  input  wire signed [W-1:0]      cubic_i,
  input  wire signed [W-1:0]      sigma_i,
  input  wire signed [W-1:0]      phi_i,
  input  wire signed [W+1:0]      nn_i,
  input  wire signed [W-1:0]      eta_i,
  output wire signed [W-1:0]      new_o,
  output wire                     clipped_new_o,
  output wire                     clipped_factor_o,
  output wire        [2*W-1:0]    square_o,
  output wire signed [2*W+2:0]    drift_o,
  output wire signed [W-1:0]      eta_o
);
  wire signed [2*W+2:0] drift;
  wire signed [W-1:0] phi;
  sq_action_quartic #(.W(W)) action (
    .clk_i(clk_i), .hop_i(hop_i), .linear_i(linear_i), .cubic_i(cubic_i), .phi_i(phi_i), .nn_i(nn_i),
    .drift_o(drift), .phi_late_o(phi), .clipped_o(clipped_factor_o), .square_o(square_o)
  );

  wire signed [2*W-1:0] kick;
  sq_prim_mult #(.A(W), .B(W)) mult_noise (.clk_i(clk_i), .a_i(sigma_i), .b_i(eta_i), .p_o(kick));

  // φ and k_s·η with the half, at 11; with the drift, at 12. Widths: core/src/arith/fx.rs. Of one noise and four neighbours the sum is
  // below 2^(2W+4).
  reg signed [2*W+4:0] base_q, sum_q;
  reg signed [W-1:0] new_q;
  reg clipped_q;
  wire signed [W-1:0] value;
  wire clipped;
  sq_arith_fx #(.Width(2*W+5), .Shift(W+3), .W(W)) round_new (.sum_i(sum_q), .value_o(value), .clipped_o(clipped));
  always_ff @(posedge clk_i) begin
    base_q <= {{2{phi[W-1]}}, phi, 1'b1, {(W+2){1'b0}}} + {kick[2*W-1], kick, 4'd0};
    sum_q <= base_q + {{2{drift[2*W+2]}}, drift};
    new_q <= value;
    clipped_q <= clipped;
  end
  assign new_o = new_q;
  assign clipped_new_o = clipped_q;

  reg [2*(2*W+3)-1:0] drift_late_q;
  reg [5*W-1:0] eta_late_q;
  always_ff @(posedge clk_i) begin
    drift_late_q <= {drift_late_q[2*W+2:0], drift};
    eta_late_q <= {eta_late_q[4*W-1:0], eta_i};
  end
  assign drift_o = drift_late_q[2*(2*W+3)-1 -: 2*W+3];
  assign eta_o = eta_late_q[5*W-1 -: W];
endmodule
