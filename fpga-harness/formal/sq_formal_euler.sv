// Every sum of sq_action_quartic and sq_integrator_euler against the same sum in 64 bits, and each term of the right clock.
//
// Products are free (free/sq_prim_mult.sv); inputs are in their documented ranges, coefficients constant.
module sq_formal_euler #(
  parameter integer W = 18
) (
  input  wire                   clk_i,
  input  wire signed [W-1:0]    phi_i,
  input  wire signed [W+1:0]    nn_i,
  input  wire signed [W-1:0]    eta_i
);
  localparam signed [63:0] Max = (64'sd1 << (W - 1)) - 64'sd1;

  (* anyconst *) reg signed [W-1:0] hop_i;
  (* anyconst *) reg signed [2*W-5:0] linear_i;
  (* anyconst *) reg signed [W-1:0] cubic_i;
  (* anyconst *) reg signed [W-1:0] sigma_i;
  wire signed [63:0] hop = hop_i, linear = linear_i, cubic = cubic_i, sigma = sigma_i, phi = phi_i, nn = nn_i, eta = eta_i;
  always @* begin
    assume (hop >= -Max && hop <= Max);
    assume (cubic >= -Max && cubic <= Max);
    assume (linear >= -(Max <<< (W - 5)) && linear <= Max <<< (W - 5));
    assume (sigma >= 1 && sigma <= Max);
    assume (phi >= -Max && phi <= Max);
    assume (eta >= -Max && eta <= Max);
    assume (nn >= -4 * Max && nn <= 4 * Max);
  end

  wire signed [W-1:0] new_value, new_eta;
  wire signed [2*W+2:0] new_drift;
  wire [2*W-1:0] square_out;
  wire clipped_new, clipped_factor;
  sq_integrator_euler #(.W(W)) dut (
    .clk_i(clk_i), .hop_i(hop_i), .linear_i(linear_i), .cubic_i(cubic_i), .sigma_i(sigma_i), .phi_i(phi_i), .nn_i(nn_i), .eta_i(eta_i),
    .new_o(new_value), .clipped_new_o(clipped_new), .clipped_factor_o(clipped_factor), .square_o(square_out), .drift_o(new_drift),
    .eta_o(new_eta)
  );
  // Inside.
  (* hierconn *) wire signed [2*W-1:0] \dut.action.square , \dut.action.bend , \dut.action.pull , \dut.action.hops , \dut.kick ;
  (* hierconn *) wire signed [W-1:0] \dut.action.u_q , \dut.action.d_q ;
  (* hierconn *) wire signed [2*W-1:0] \dut.action.slope_q , \dut.action.linear_q , \dut.action.both_q ;
  (* hierconn *) wire signed [W+1:0] \dut.action.hop3_q , \dut.action.rest_8_q ;
  (* hierconn *) wire signed [2*W+2:0] \dut.action.drift_q ;
  (* hierconn *) wire signed [2*W+4:0] \dut.base_q , \dut.sum_q ;
  (* hierconn *) wire signed [W-1:0] \dut.action.phi_7 ;
  (* hierconn *) wire signed [W+1:0] \dut.action.nn_7 ;
  wire signed [63:0] square = \dut.action.square , bend = \dut.action.bend , pull = \dut.action.pull , hops = \dut.action.hops ;
  wire signed [63:0] kick = \dut.kick , u = \dut.action.u_q , d = \dut.action.d_q , slope = \dut.action.slope_q ;
  wire signed [63:0] linear_half = \dut.action.linear_q , both = \dut.action.both_q , hop3 = \dut.action.hop3_q ;
  wire signed [63:0] drift = \dut.action.drift_q , base = \dut.base_q , sum = \dut.sum_q ;
  wire signed [63:0] got = new_value, got_drift = new_drift, got_eta = new_eta;

  // What came in, n + 1 clocks ago, and when there was so much.
  reg signed [W-1:0] phi_q [0:13];
  reg signed [W+1:0] nn_q [0:13];
  reg signed [W-1:0] eta_q [0:4];
  reg [3:0] age_q = 0;
  reg signed [63:0] square_q, bend_q, slope_q, terms_q, terms_2_q, kick_q, base_past_q, drift_past_q, sum_past_q, drift_2_q;
  integer n;
  always @(posedge clk_i) begin
    phi_q[0] <= phi_i;
    nn_q[0] <= nn_i;
    eta_q[0] <= eta_i;
    for (n = 1; n < 14; n = n + 1) begin
      phi_q[n] <= phi_q[n-1];
      nn_q[n] <= nn_q[n-1];
    end
    for (n = 1; n < 5; n = n + 1) eta_q[n] <= eta_q[n-1];
    if (age_q != 15) age_q <= age_q + 1;
    square_q <= square;
    bend_q <= bend;
    slope_q <= slope;
    terms_q <= pull + hops;
    terms_2_q <= terms_q;
    kick_q <= kick;
    base_past_q <= base;
    drift_past_q <= drift;
    sum_past_q <= sum;
    drift_2_q <= drift_past_q;
  end
  wire signed [63:0] phi_10 = phi_q[10], nn_10 = nn_q[10];
  wire [63:0] nn_mod4 = {62'd0, nn_10[1:0]};
  wire signed [63:0] rest = (nn_mod4[0] ? hop : 64'sd0) + (nn_mod4[1] ? 2 * hop : 64'sd0);
  wire signed [63:0] slope_shifted = slope_q >>> (W - 5), sum_shifted = sum_past_q >>> (W + 3);

  always @(posedge clk_i) begin
    if (age_q == 15) begin
      assert (linear_half == linear + (64'sd1 <<< (W - 6)));
      assert (hop3 == 3 * hop);
      // u, and that a product of it has symmetric operands.
      assert (u == (square_q + (64'sd1 <<< (W - 2))) >>> (W - 1));
      assert (u >= 0 && u <= Max);
      assert (slope == linear + (64'sd1 <<< (W - 6)) - bend_q);
      assert (d == (slope_shifted > Max ? Max : slope_shifted < -Max ? -Max : slope_shifted));
      // What d and k_n are multiplied with.
      assert (\dut.action.phi_7 == $signed(phi_q[6]) && \dut.action.nn_7 == $signed(nn_q[6]));
      assert (both == terms_q);
      assert (drift == 4 * terms_2_q + rest);
      // φ of 11 clocks ago, when base is there.
      assert (base == (phi_10 <<< (W + 3)) + (64'sd1 <<< (W + 2)) + 16 * kick_q);
      assert (sum == base_past_q + drift_past_q);
      // Accumulator width argued in core/src/arith/fx.rs.
      assert (sum < 64'sd1 <<< (2 * W + 4) && sum >= -(64'sd1 <<< (2 * W + 4)));
      assert (got == (sum_shifted > Max ? Max : sum_shifted < -Max ? -Max : sum_shifted));
      assert (clipped_new == (sum_shifted > Max || sum_shifted < -Max));
      assert (got_drift == drift_2_q);
      assert (got_eta == $signed(eta_q[4]));
    end
  end
endmodule
