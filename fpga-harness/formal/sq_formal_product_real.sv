// The real multiplier keeps what sq_formal_product.sv says. Operands of 7 and 8 bits, all of them.
module sq_formal_product_real (
  input  wire              clk_i,
  input  wire signed [6:0] a_i,
  input  wire signed [7:0] b_i
);
  wire signed [14:0] p;
  sq_prim_mult #(.A(7), .B(8)) dut (.clk_i(clk_i), .a_i(a_i), .b_i(b_i), .p_o(p));
  reg signed [6:0] a_q, a_2_q;
  reg signed [7:0] b_q, b_2_q;
  reg [1:0] age_q = 0;
  wire ok;
  sq_formal_product #(.A(7), .B(8)) product (.a_i(a_2_q), .b_i(b_2_q), .p_i(p), .ok_o(ok));
  always @(posedge clk_i) begin
    a_q <= a_i;
    b_q <= b_i;
    a_2_q <= a_q;
    b_2_q <= b_q;
    if (age_q != 3) age_q <= age_q + 1;
    if (age_q >= 2) assert (ok);
  end
endmodule
