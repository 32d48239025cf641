// Signed product of two registered operands, registered: latency 2. One SB_MAC16 of an UltraPlus, A and B up to 16 bits.
//
// Instantiated: left to synthesis, a product behind two registers came out as constants (`synth_ice40 -dsp`, Yosys 0.70). Registers of
// the block: Lattice FPGA-TN-02007 (DSP function usage guide).
module sq_prim_mult #(
  parameter integer A = 16,
  parameter integer B = 16
) (
  input  wire                   clk_i,
  input  wire signed [A-1:0]    a_i,
  input  wire signed [B-1:0]    b_i,
  output wire signed [A+B-1:0]  p_o
);
  wire [15:0] a = {{(16-A){a_i[A-1]}}, a_i};
  wire [15:0] b = {{(16-B){b_i[B-1]}}, b_i};
  wire [31:0] p;
  SB_MAC16 #(
    .NEG_TRIGGER(1'b0),
    .A_REG(1'b1), .B_REG(1'b1), .C_REG(1'b0), .D_REG(1'b0),
    // The 16×16 product's own registers, before the output multiplexer: one stage, all 32 bits.
    .TOP_8x8_MULT_REG(1'b0), .BOT_8x8_MULT_REG(1'b0),
    .PIPELINE_16x16_MULT_REG1(1'b0), .PIPELINE_16x16_MULT_REG2(1'b1),
    .TOPOUTPUT_SELECT(2'b11), .BOTOUTPUT_SELECT(2'b11),
    .TOPADDSUB_LOWERINPUT(2'b00), .TOPADDSUB_UPPERINPUT(1'b0), .TOPADDSUB_CARRYSELECT(2'b00),
    .BOTADDSUB_LOWERINPUT(2'b00), .BOTADDSUB_UPPERINPUT(1'b0), .BOTADDSUB_CARRYSELECT(2'b00),
    .MODE_8x8(1'b0), .A_SIGNED(1'b1), .B_SIGNED(1'b1)
  ) block (
    .CLK(clk_i), .CE(1'b1), .A(a), .B(b), .C(16'd0), .D(16'd0),
    .AHOLD(1'b0), .BHOLD(1'b0), .CHOLD(1'b0), .DHOLD(1'b0),
    .IRSTTOP(1'b0), .IRSTBOT(1'b0), .ORSTTOP(1'b0), .ORSTBOT(1'b0),
    .OLOADTOP(1'b0), .OLOADBOT(1'b0), .ADDSUBTOP(1'b0), .ADDSUBBOT(1'b0), .OHOLDTOP(1'b0), .OHOLDBOT(1'b0),
    .CI(1'b0), .ACCUMCI(1'b0), .SIGNEXTIN(1'b0),
    .O(p), .CO(), .ACCUMCO(), .SIGNEXTOUT()
  );
  assign p_o = p[A+B-1:0];
endmodule
