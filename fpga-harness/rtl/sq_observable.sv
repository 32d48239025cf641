// Sums over the sites of one pass, exact. Twin of core/src/observable.rs, for what needs no division.
//
//   valid_i        phi_i and nn_i are of a site; between two passes there is a clock without
//   square_i       φ², 2 clocks after phi_i
//   sum_phi_o      Σ φ, W - 4 fractional bits: below 2^(W-1+SitesLog2)
//   sum_phi2_o     Σ φ², 2W - 8 fractional: below 2^(2W-2+SitesLog2)
//   sum_bond_o     Σ φ·nn, the same: below 2^(2W+SitesLog2). Only with Bonds = 1: it costs a multiplier
//
// They belong to the pass that is going on, or went last: of the field that the pass read. The last site is in them 6 clocks after phi_i.
// 32 and 48 bits hold them for W = 18 and SitesLog2 = 11.
module sq_observable #(
  parameter integer W = 18,
  parameter integer Bonds = 1
) (
  input  wire                    clk_i,
  input  wire                    valid_i,
  input  wire signed [W-1:0]     phi_i,
  input  wire signed [W+1:0]     nn_i,
  input  wire        [2*W-1:0]   square_i,
  output wire signed [31:0]      sum_phi_o,
  output wire        [47:0]      sum_phi2_o,
  output wire signed [47:0]      sum_bond_o
);
  reg [4:0] valid_q;
  always_ff @(posedge clk_i) valid_q <= {valid_q[3:0], valid_i};

  // The first site of a pass replaces what was there.
  reg signed [31:0] phi_q;
  reg [47:0] phi2_q;
  always_ff @(posedge clk_i) begin
    if (valid_i) phi_q <= (valid_q[0] ? phi_q : 32'd0) + {{(32-W){phi_i[W-1]}}, phi_i};
    if (valid_q[1]) phi2_q <= (valid_q[2] ? phi2_q : 48'd0) + {{(48-2*W){1'b0}}, square_i};
  end
  assign sum_phi_o = phi_q;
  assign sum_phi2_o = phi2_q;

  generate
    if (Bonds == 1) begin : bonds
      wire signed [2*W-1:0] product;
      sq_prim_mult #(.A(W), .B(W)) mult (.clk_i(clk_i), .a_i(phi_i), .b_i(nn_i[W+1:2]), .p_o(product));
      // φ·(nn mod 4): W + 2 bits.
      wire signed [W+1:0] wide = {{2{phi_i[W-1]}}, phi_i};
      reg signed [W+1:0] rest_1_q, rest_2_q;
      reg signed [2*W+2:0] term_q;
      reg signed [47:0] sum_q;
      always_ff @(posedge clk_i) begin
        rest_1_q <= (nn_i[0] ? wide : {(W+2){1'b0}}) + (nn_i[1] ? {wide[W:0], 1'b0} : {(W+2){1'b0}});
        rest_2_q <= rest_1_q;
        term_q <= {product[2*W-1], product, 2'b00} + {{(W+1){rest_2_q[W+1]}}, rest_2_q};
        if (valid_q[2]) sum_q <= (valid_q[3] ? sum_q : 48'd0) + {{(45-2*W){term_q[2*W+2]}}, term_q};
      end
      assign sum_bond_o = sum_q;
      wire unused = valid_q[4];
    end else begin : no_bonds
      assign sum_bond_o = 48'd0;
      wire unused = &{1'b0, nn_i, valid_q[4:3]};
    end
  endgenerate
endmodule
