// x within ±2^14, both included, without a comparison: where the upper bits of x agree it is inside, and 2^14 itself is
// what it is clipped to. Twin of core/src/score/int8/arithmetic.rs. Without a clock.
module sq_score_int8_arithmetic_clamp #(
  parameter integer In = 17
) (
  input  wire signed [In-1:0]  x_i,
  output wire signed [15:0]    y_o
);
  wire negative = x_i[In-1];
  assign y_o = x_i[In-1:14] == {(In-14){negative}} ? x_i[15:0] : {negative, 1'b1, 14'd0};
endmodule
