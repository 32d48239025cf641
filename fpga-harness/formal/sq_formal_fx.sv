// sq_arith_fx against its definition: clamp(sum >> Shift), and whether that clamped. Both places where it stands; without a clock.
module sq_formal_fx #(
  parameter integer W = 18
) (
  input  wire signed [2*W+4:0] sum_new_i,
  input  wire signed [2*W-1:0] sum_d_i
);
  localparam signed [63:0] Max = (64'sd1 << (W - 1)) - 64'sd1;

  wire signed [W-1:0] new_value, d;
  wire new_clipped, d_clipped;
  sq_arith_fx #(.Width(2*W+5), .Shift(W+3), .W(W)) round_new (.sum_i(sum_new_i), .value_o(new_value), .clipped_o(new_clipped));
  sq_arith_fx #(.Width(2*W), .Shift(W-5), .W(W)) round_d (.sum_i(sum_d_i), .value_o(d), .clipped_o(d_clipped));

  wire signed [63:0] wide_new = sum_new_i, wide_d = sum_d_i;
  wire signed [63:0] shifted_new = wide_new >>> (W + 3), shifted_d = wide_d >>> (W - 5);
  wire signed [63:0] got_new = new_value, got_d = d;
  always @* begin
    assert (got_new == (shifted_new > Max ? Max : shifted_new < -Max ? -Max : shifted_new));
    assert (new_clipped == (shifted_new > Max || shifted_new < -Max));
    assert (got_d == (shifted_d > Max ? Max : shifted_d < -Max ? -Max : shifted_d));
    assert (d_clipped == (shifted_d > Max || shifted_d < -Max));
  end
endmodule
