// The rounding rule: shift right to nearest, midpoints up, then saturate to ±(2^(W-1) - 1). Twin of core/src/arith/fx.rs, which has the
// number formats.
//
// The half is the caller's: it is added where a sum is made anyway. Without a clock.
//
//   sum_i      Width bits signed, 2^(Shift-1) included
//   value_o    W bits signed, symmetric
//   clipped_o  whether it saturated
module sq_arith_fx #(
  parameter integer Width = 42,
  parameter integer Shift = 21,
  parameter integer W = 18
) (
  input  wire signed [Width-1:0]  sum_i,
  output wire signed [W-1:0]      value_o,
  output wire                     clipped_o
);
  wire [Width-Shift-1:0] shifted = sum_i[Width-1:Shift];
  wire negative = shifted[Width-Shift-1];
  // Beyond W bits, or the one value of W bits that has no opposite.
  wire beyond = shifted[Width-Shift-2:W-1] != {(Width-Shift-W){negative}};
  wire lowest = negative && shifted[W-2:0] == {(W-1){1'b0}};
  assign clipped_o = beyond || lowest;
  assign value_o = clipped_o ? {negative, {(W-2){!negative}}, 1'b1} : shifted[W-1:0];

  wire unused = &{1'b0, sum_i[Shift-1:0]};
endmodule
