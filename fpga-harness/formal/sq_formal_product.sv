// What is true of every product of two signed words, said without multiplying: bounds by one operand, and the sign.
//
// free/sq_prim_mult.sv assumes it of its free output; product.sby proves it of the real multiplier, at small widths.
module sq_formal_product #(
  parameter integer A = 18,
  parameter integer B = 18
) (
  input  wire signed [A-1:0]    a_i,
  input  wire signed [B-1:0]    b_i,
  input  wire signed [A+B-1:0]  p_i,
  output wire                   ok_o
);
  // Magnitudes: the lowest word has one as well.
  wire [A+B-1:0] a = a_i < 0 ? -{{B{a_i[A-1]}}, a_i} : {{B{1'b0}}, a_i};
  wire [A+B-1:0] b = b_i < 0 ? -{{A{b_i[B-1]}}, b_i} : {{A{1'b0}}, b_i};
  wire [A+B-1:0] p = p_i < 0 ? -p_i : p_i;
  wire a_lowest = a_i == {1'b1, {(A-1){1'b0}}};
  wire b_lowest = b_i == {1'b1, {(B-1){1'b0}}};
  wire [A+B-1:0] by_a = (a << (B-1)) - (b_lowest ? {(A+B){1'b0}} : a);
  wire [A+B-1:0] by_b = (b << (A-1)) - (a_lowest ? {(A+B){1'b0}} : b);
  assign ok_o = p <= by_a && p <= by_b && (p == 0 || p_i < 0 == (a_i < 0) ^ (b_i < 0));
endmodule
