// x within ±(2^(Out-1) - 1): symmetric, so that -2^(Out-1) is not among them. Twin of core/src/score/int8/arithmetic.rs.
// Without a clock.
module sq_score_int8_arithmetic_saturate #(
  parameter integer In = 19,
  parameter integer Out = 16
) (
  input  wire signed [In-1:0]   x_i,
  output wire signed [Out-1:0]  y_o
);
  wire negative = x_i[In-1];
  wire beyond = x_i[In-1:Out-1] != {(In-Out+1){negative}};
  // The one number of Out bits that has no opposite.
  wire lowest = negative && x_i[Out-2:0] == {(Out-1){1'b0}};
  assign y_o = beyond || lowest ? {negative, {(Out-2){!negative}}, 1'b1} : x_i[Out-1:0];
endmodule
