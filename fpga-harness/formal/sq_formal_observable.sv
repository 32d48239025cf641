// The three sums of sq_observable against sums in 64 bits, for passes of up to 2^SitesLog2 sites. Products are free.
module sq_formal_observable #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 11
) (
  input  wire                 clk_i,
  input  wire                 valid_i,
  input  wire signed [W-1:0]  phi_i,
  input  wire signed [W+1:0]  nn_i
);
`include "sq_formal_claim.svh"
  localparam signed [63:0] Max = (64'sd1 << (W - 1)) - 64'sd1;
  wire signed [63:0] phi = phi_i, nn = nn_i;
  // Sites of this pass so far.
  reg [SitesLog2:0] count_q `START(0);
  always @* begin
    assume (phi >= -Max && phi <= Max);
    assume (nn >= -4 * Max && nn <= 4 * Max);
    assume (!valid_i || !count_q[SitesLog2]);
  end

  // The square is of a multiplier beside, as in sq_action_quartic.
  wire signed [2*W-1:0] square;
  sq_prim_mult #(.A(W), .B(W)) mult_square (.clk_i(clk_i), .a_i(phi_i), .b_i(phi_i), .p_o(square));
  wire signed [31:0] sum_phi;
  wire [47:0] sum_phi2;
  wire signed [47:0] sum_bond;
  sq_observable #(.W(W), .Bonds(1)) dut (
    .clk_i(clk_i), .valid_i(valid_i), .phi_i(phi_i), .nn_i(nn_i), .square_i(square), .sum_phi_o(sum_phi), .sum_phi2_o(sum_phi2),
    .sum_bond_o(sum_bond)
  );
  (* hierconn *) wire signed [2*W-1:0] \dut.bonds.product ;
  (* hierconn *) wire signed [2*W+2:0] \dut.bonds.term_q ;
  wire signed [63:0] product = \dut.bonds.product , term = \dut.bonds.term_q ;

  reg [3:0] valid_q `START(0);
  // Sites that are in each sum; number_*_q is of the site on its way to it.
  reg [SitesLog2:0] count_1_q, count_2_q, count_3_q, number_2_q, number_3_q;
  reg signed [63:0] phi_sum_q, phi2_sum_q, bond_sum_q, bond_term_q;
  reg signed [63:0] phi_1_q, nn_1_q, phi_2_q, nn_2_q;
  reg [2:0] seen_q `START(0);
  reg first_1_q, first_2_q, first_3_q;
  wire signed [63:0] rest = (nn_2_q[0] ? phi_2_q : 64'sd0) + (nn_2_q[1] ? 2 * phi_2_q : 64'sd0);
  always @(posedge clk_i) begin
    valid_q <= {valid_q[2:0], valid_i};
    count_q <= valid_i ? count_q + 1'b1 : 0;
    first_1_q <= count_q == 0;
    first_2_q <= first_1_q;
    first_3_q <= first_2_q;
    if (valid_i) phi_sum_q <= (count_q == 0 ? 64'sd0 : phi_sum_q) + phi;
    phi_1_q <= phi;
    phi_2_q <= phi_1_q;
    nn_1_q <= nn;
    nn_2_q <= nn_1_q;
    if (valid_q[1]) phi2_sum_q <= (first_2_q ? 64'sd0 : phi2_sum_q) + square;
    bond_term_q <= 4 * product + rest;
    if (valid_q[2]) bond_sum_q <= (first_3_q ? 64'sd0 : bond_sum_q) + bond_term_q;
    if (valid_i) count_1_q <= count_q + 1'b1;
    number_2_q <= count_q;
    number_3_q <= number_2_q;
    if (valid_q[1]) count_2_q <= number_2_q;
    if (valid_q[2]) count_3_q <= number_3_q;
    // From the first pass on: before it the sums are of nothing.
    seen_q <= seen_q | {valid_q[2], valid_q[1], valid_i};
  end

  wire signed [63:0] count_1 = count_1_q, count_2 = count_2_q, count_3 = count_3_q;
  wire signed [63:0] got_phi = sum_phi, got_bond = sum_bond;
  wire [63:0] got_phi2 = sum_phi2;
  (* hierconn *) wire [4:0] \dut.valid_q ;
  reg [2:0] age_q `START(0);
  always @(posedge clk_i) begin
    if (age_q != 5) age_q <= age_q + 1;
    // Nothing was valid before the first clock.
    if (age_q == 0) assume (\dut.valid_q == 0);
    `CLAIM(\dut.valid_q [3:0] == valid_q);
    if (age_q == 5) begin `CLAIM(term == bond_term_q); end
    if (seen_q[0]) begin
      `CLAIM(got_phi == phi_sum_q);
      `CLAIM(count_1 >= 1 && count_1 <= 64'sd1 <<< SitesLog2);
      `CLAIM(phi_sum_q <= count_1 <<< (W - 1) && phi_sum_q >= -(count_1 <<< (W - 1)));
    end
    if (seen_q[1]) begin
      `CLAIM(got_phi2 == phi2_sum_q);
      `CLAIM(count_2 >= 1 && count_2 <= 64'sd1 <<< SitesLog2);
      `CLAIM(phi2_sum_q >= 0 && phi2_sum_q <= count_2 <<< (2 * W - 2));
    end
    if (seen_q[2]) begin
      `CLAIM(got_bond == bond_sum_q);
      `CLAIM(count_3 >= 1 && count_3 <= 64'sd1 <<< SitesLog2);
      `CLAIM(bond_sum_q <= (count_3 <<< (2 * W)) - count_3 && bond_sum_q >= -((count_3 <<< (2 * W)) - count_3));
    end
    // What the counts are of, for induction.
    if (valid_q[0]) begin `CLAIM(count_q == count_1_q && seen_q[0]); end else begin `CLAIM(count_q == 0); end
  end
endmodule
