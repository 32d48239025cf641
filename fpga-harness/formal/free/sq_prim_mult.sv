// In place of the multiplier: any value that a product of the operands of two clocks ago could have (sq_formal_product.sv). What is proved
// with it holds with the multiplier.
module sq_prim_mult #(
  parameter integer A = 18,
  parameter integer B = 18
) (
  input  wire                   clk_i,
  input  wire signed [A-1:0]    a_i,
  input  wire signed [B-1:0]    b_i,
  output wire signed [A+B-1:0]  p_o
);
  reg signed [A-1:0] a_q, a_2_q;
  reg signed [B-1:0] b_q, b_2_q;
  always @(posedge clk_i) begin
    a_q <= a_i;
    b_q <= b_i;
    a_2_q <= a_q;
    b_2_q <= b_q;
  end
  (* anyseq *) reg signed [A+B-1:0] any;
  wire ok;
  sq_formal_product #(.A(A), .B(B)) product (.a_i(a_2_q), .b_i(b_2_q), .p_i(any), .ok_o(ok));
  always @* assume (ok);
  assign p_o = any;
endmodule
