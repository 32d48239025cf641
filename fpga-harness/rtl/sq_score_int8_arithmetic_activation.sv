// s(z + β) + s(z - β), s(c) = (3c - c³)/2 with c within ±1. Twin of core/src/score/int8/arithmetic.rs.
//
// s comes from a table of 8192 words, both values in one clock: |c| at most 1 - 2^-13, of which s rounds to 1.
//
//   z_i, beta_i   16 bits signed, 13 fractional, above -2^15
//   a_o           8 bits signed: ±127 for ±2
//   latency       9 clocks, one activation a clock
module sq_score_int8_arithmetic_activation (
  input  wire                clk_i,
  input  wire signed [15:0]  z_i,
  input  wire signed [15:0]  beta_i,
  output wire signed [7:0]   a_o
);
  // Sum and difference, their magnitudes, and these within the table.
  reg signed [16:0] plus_q, minus_q;
  reg [16:0] plus_size_q, minus_size_q;
  reg [12:0] plus_at_q, minus_at_q;
  // Signs, from the sum on: until the table has been read.
  reg [3:0] plus_sign_q, minus_sign_q;
  wire [13:0] plus_s, minus_s;
  sq_score_int8_arithmetic_smooth smooth (
    .clk_i(clk_i), .a_i(plus_at_q), .b_i(minus_at_q), .a_o(plus_s), .b_o(minus_s)
  );
  wire signed [14:0] plus = plus_sign_q[3] ? -{1'b0, plus_s} : {1'b0, plus_s};
  wire signed [14:0] minus = minus_sign_q[3] ? -{1'b0, minus_s} : {1'b0, minus_s};
  reg signed [14:0] plus_value_q, minus_value_q;
  reg signed [15:0] sum_q;
  // sum·254/2^15, of which sum·127/2^14 has the same ties: |sum| ≤ 2^14.
  reg signed [22:0] scaled_q;
  wire signed [22:0] rounded = scaled_q + 23'sd8192 - {22'd0, scaled_q[22]};
  reg signed [7:0] a_q;
  always_ff @(posedge clk_i) begin
    plus_q <= {z_i[15], z_i} + {beta_i[15], beta_i};
    minus_q <= {z_i[15], z_i} - {beta_i[15], beta_i};
    plus_size_q <= plus_q[16] ? -plus_q : plus_q;
    minus_size_q <= minus_q[16] ? -minus_q : minus_q;
    plus_at_q <= plus_size_q[12:0] | {13{|plus_size_q[16:13]}};
    minus_at_q <= minus_size_q[12:0] | {13{|minus_size_q[16:13]}};
    plus_sign_q <= {plus_sign_q[2:0], plus_q[16]};
    minus_sign_q <= {minus_sign_q[2:0], minus_q[16]};
    plus_value_q <= plus;
    minus_value_q <= minus;
    sum_q <= {plus_value_q[14], plus_value_q} + {minus_value_q[14], minus_value_q};
    scaled_q <= {sum_q, 7'd0} - {{7{sum_q[15]}}, sum_q};
    a_q <= rounded[21:14];
  end
  assign a_o = a_q;

  wire unused = &{1'b0, rounded[22], rounded[13:0]};
endmodule
