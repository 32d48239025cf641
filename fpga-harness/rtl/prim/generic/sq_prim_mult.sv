// Signed product of two registered operands, registered: latency 2. For simulation, and where synthesis may choose.
//
// The three files of this name hold the same module for different chips; a build reads one of them.
module sq_prim_mult #(
  parameter integer A = 18,
  parameter integer B = 18
) (
  input  wire                   clk_i,
  input  wire signed [A-1:0]    a_i,
  input  wire signed [B-1:0]    b_i,
  output wire signed [A+B-1:0]  p_o
);
  reg signed [A-1:0] a_q;
  reg signed [B-1:0] b_q;
  reg signed [A+B-1:0] p_q;
  always_ff @(posedge clk_i) begin
    a_q <= a_i;
    b_q <= b_i;
    p_q <= a_q * b_q;
  end
  assign p_o = p_q;
endmodule
