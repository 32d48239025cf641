// One word to one Gaussian integer. Twin of core/src/noise/gauss.rs, which derives the formula and argues the widths.
//
//   v = {word[30:0], 1}, lz its leading zeros, n = v << lz;  t = n[31:16] signed, index = min({lz + 1, n[30:29]}, 34 + lz) mod 64
//   r = (c2·t + c1·2^14) >> 15                16 bits with the committed table
//   |eta| = (c0 + r·t + 2^(32-W) - 2^14) >> (33-W);  negative where word[31]
//
//   word_i    any
//   eta_o     W bits signed, W - 4 fractional: |eta| <= 6.338
//   latency   13 clocks, one word a clock
module sq_noise_gauss #(
  parameter integer W = 18
) (
  input  wire                 clk_i,
  input  wire [31:0]          word_i,
  output wire signed [W-1:0]  eta_o
);
  // Leading zeros from the coarsest on, and only those bits that can still reach n[31:16].
  reg [30:0] n16_q;
  reg [22:0] n8_q;
  reg [18:0] n4_q;
  reg [15:0] n_q;
  reg        z16_q;
  reg [1:0]  z8_q;
  reg [2:0]  z4_q;
  reg [5:0]  index_q;
  wire       z16 = word_i[30:15] == 16'd0;
  wire       z8 = n16_q[30:23] == 8'd0;
  wire       z4 = n8_q[22:19] == 4'd0;
  wire [1:0] z1 = n4_q[18] ? 2'd0 : n4_q[17] ? 2'd1 : n4_q[16] ? 2'd2 : 2'd3;
  wire [4:0] lz = {z4_q, z1};
  wire [18:0] n1 = n4_q << z1;
  wire [5:0] quarter = {lz[3:0] + 4'd1, n1[17:16]};
  wire [5:0] octave = {1'b0, lz} + 6'd34;
  always_ff @(posedge clk_i) begin
    // 32 bits of v, of which the lowest is 1 and shifted in: 31 remain to be looked at after each choice.
    n16_q <= z16 ? {word_i[14:0], 1'b1, 15'd0} : word_i[30:0];
    z16_q <= z16;
    n8_q <= z8 ? n16_q[22:0] : n16_q[30:8];
    z8_q <= {z16_q, z8};
    n4_q <= z4 ? n8_q[18:0] : n8_q[22:4];
    z4_q <= {z8_q, z4};
    n_q <= n1[18:3];
    index_q <= lz <= 5'd9 ? quarter : octave;
  end

  // The table, the constant a little later than the slopes.
  localparam integer LateC0 = 5;
  reg  [6*LateC0-1:0] index_late_q;
  always_ff @(posedge clk_i) index_late_q <= {index_late_q[6*(LateC0-1)-1:0], index_q};
  wire [15:0] c1, c2;
  wire [31:0] c0;
  // With the rounding half of W in place of that of 18.
  sq_noise_gauss_table #(.Half((32'd1 << (32 - W)) - (32'd1 << 14))) columns (
    .clk_i(clk_i), .index_i(index_q), .index_late_i(index_late_q[6*LateC0-1 -: 6]), .c0_o(c0), .c1_o(c1), .c2_o(c2)
  );

  // t beside the table's latency of 2, and beside the first product's of 2 and the sum's of 1.
  reg [15:0] t_1_q;
  reg signed [15:0] t_2_q;
  wire signed [15:0] t_second;
  reg [31:0] c1_q;
  reg signed [15:0] r_q;
  always_ff @(posedge clk_i) begin
    t_1_q <= n_q;
    t_2_q <= t_1_q;
    c1_q <= {c1_q[15:0], c1};
  end
  sq_prim_delay #(.Width(16), .Clocks(3)) delay_t (.clk_i(clk_i), .d_i(t_2_q), .d_o(t_second));
  wire signed [31:0] bend, slope;
  sq_prim_mult #(.A(16), .B(16)) mult_c2 (.clk_i(clk_i), .a_i(c2), .b_i(t_2_q), .p_o(bend));
  // |c2·t| <= 2^30 and |c1·2^14| <= 2^29; bits 30 and above of r are copies of its sign (a test of the twin).
  wire signed [31:0] sum = bend + {{2{c1_q[31]}}, c1_q[31:16], 14'd0};
  always_ff @(posedge clk_i) r_q <= sum[30:15];
  sq_prim_mult #(.A(16), .B(16)) mult_r (.clk_i(clk_i), .a_i(r_q), .b_i(t_second), .p_o(slope));

  reg [31:0] size_q;
  reg [11:0] sign_q;
  reg signed [W-1:0] eta_q;
  wire [W-1:0] size = {1'b0, size_q[31:33-W]};
  always_ff @(posedge clk_i) begin
    size_q <= c0 + slope;
    sign_q <= {sign_q[10:0], word_i[31]};
    eta_q <= sign_q[11] ? -size : size;
  end
  assign eta_o = eta_q;

  wire unused = &{1'b0, sum[31], sum[14:0], n1[18], n1[2:0], size_q[32-W:0]};
endmodule
