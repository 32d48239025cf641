// A hidden layer, a unit a clock: activations of a sum over Odd odd inputs and of one over four even inputs and a bias.
// Twin of core/src/score/int8/network.rs.
//
// Weights lie in pairs, each pair in a memory of its own that is read at once: the odd inputs', then the even ones', then
// the bias, then the unit's weight in the output.
//
//   weight_*      writes pair weight_pair_i of unit weight_unit_i; the highest bit of a unit is the bank
//   shifts_i      of the sum over odd inputs [4:0], and over even ones [9:5]
//   valid_i       unit_i is a unit, last_i the last of a site; its inputs x_i, even_i come three clocks later, and stay for all
//                 units of the site
//   a_o, valid_o  its activation; last_o and out_o, its weight in the output, beside it
//   latency       20 + Levels clocks, a unit a clock
module sq_score_int8_network_units #(
  parameter integer Odd = 24,
  parameter integer Width = 8,
  parameter integer Levels = 5,
  parameter integer UnitsLog2 = 5
) (
  input  wire                       clk_i,
  input  wire                       rst_i,
  input  wire        [9:0]          shifts_i,
  input  wire                       weight_we_i,
  input  wire        [4:0]          weight_pair_i,
  input  wire        [UnitsLog2:0]  weight_unit_i,
  input  wire        [31:0]         weight_data_i,
  input  wire                       valid_i,
  input  wire                       last_i,
  input  wire        [UnitsLog2:0]  unit_i,
  input  wire        [Odd*Width-1:0] x_i,
  input  wire        [63:0]         even_i,
  output wire signed [7:0]          a_o,
  output wire                       valid_o,
  output wire                       last_o,
  output wire signed [15:0]         out_o
);
  localparam integer Pairs = (Odd + 1) / 2;
  // Memory, product, sum, rounding: then the bias is added.
  localparam integer Read = 3;
  localparam integer ToBias = Read + 2 + Levels + 4;
  localparam integer Latency = ToBias + 2 + 9;

  wire [2*Pairs*16-1:0] weights;
  wire [63:0] even_weights;
  wire [31:0] bias_word, out_word;
  // What is written, a clock late: the memories are many.
  reg [Pairs+3:0] weight_we_q;
  reg [UnitsLog2:0] weight_unit_q;
  reg [31:0] weight_data_q;
  always_ff @(posedge clk_i) begin
    weight_unit_q <= weight_unit_i;
    weight_data_q <= weight_data_i;
  end
  genvar n;
  generate
    for (n = 0; n < Pairs + 4; n = n + 1) begin : pair
      localparam [31:0] Pair = n;
      wire [31:0] word;
      always_ff @(posedge clk_i) weight_we_q[n] <= weight_we_i && weight_pair_i == Pair[4:0];
      sq_prim_ram #(.Width(32), .AddrW(UnitsLog2 + 1), .Registers(Read - 1)) ram (
        .clk_i(clk_i), .we_i(weight_we_q[n]), .waddr_i(weight_unit_q), .wdata_i(weight_data_q),
        .raddr_i(unit_i), .rdata_o(word)
      );
      if (n < Pairs) begin : odd
        assign weights[n*32 +: 32] = word;
      end else if (n < Pairs + 2) begin : even
        assign even_weights[(n-Pairs)*32 +: 32] = word;
      end else if (n == Pairs + 2) begin : bias
        assign bias_word = word;
      end else begin : out
        assign out_word = word;
      end
    end
  endgenerate

  // |w| ≤ 2^13. |x| ≤ 2^14 (features) or < 2^7 (activations): a product has 14 + Width bits. The even one has 30: below
  // 2^28 with its sign, four of them below 2^30.
  localparam integer Product = 14 + Width;
  wire [Odd*Product-1:0] products;
  wire [4*30-1:0] even_products;
  wire [Odd-1:0] unused_odd;
  wire [3:0] unused_even;
  generate
    for (n = 0; n < Odd; n = n + 1) begin : odd_product
      wire signed [Width+15:0] full;
      sq_prim_mult #(.A(16), .B(Width)) mult (
        .clk_i(clk_i), .a_i(weights[n*16 +: 16]), .b_i(x_i[n*Width +: Width]), .p_o(full)
      );
      assign products[n*Product +: Product] = full[Product-1:0];
      assign unused_odd[n] = &{1'b0, full[Width+15:Product]};
    end
    for (n = 0; n < 4; n = n + 1) begin : even_product
      wire signed [31:0] full;
      sq_prim_mult #(.A(16), .B(16)) mult (
        .clk_i(clk_i), .a_i(even_weights[n*16 +: 16]), .b_i(even_i[n*16 +: 16]), .p_o(full)
      );
      assign even_products[n*30 +: 30] = full[29:0];
      assign unused_even[n] = &{1'b0, full[31:30]};
    end
  endgenerate
  wire signed [Product+Levels-1:0] z_sum;
  wire signed [30+Levels-1:0] beta_sum;
  sq_prim_sum #(.N(Odd), .Width(Product), .Levels(Levels)) z_tree (.clk_i(clk_i), .x_i(products), .sum_o(z_sum));
  sq_prim_sum #(.N(4), .Width(30), .Levels(Levels)) beta_tree (.clk_i(clk_i), .x_i(even_products), .sum_o(beta_sum));
  wire signed [15:0] z;
  // β before its bias: 18 bits, within which a saturated value and a bias are still beyond 16 bits.
  wire signed [17:0] beta;
  sq_score_int8_arithmetic_round #(.In(Product+Levels), .Out(16)) z_round (
    .clk_i(clk_i), .shift_i(shifts_i[4:0]), .x_i(z_sum), .y_o(z)
  );
  sq_score_int8_arithmetic_round #(.In(32), .Out(18)) beta_round (
    .clk_i(clk_i), .shift_i(shifts_i[9:5]), .x_i(beta_sum[31:0]), .y_o(beta)
  );

  wire [15:0] bias;
  sq_prim_delay #(.Width(16), .Clocks(ToBias - Read)) bias_delay (.clk_i(clk_i), .d_i(bias_word[15:0]), .d_o(bias));
  reg signed [18:0] with_bias_q;
  wire signed [15:0] beta_sat;
  sq_score_int8_arithmetic_saturate #(.In(19), .Out(16)) saturate (.x_i(with_bias_q), .y_o(beta_sat));
  reg signed [15:0] z_wait_q, z_q, beta_q;
  always_ff @(posedge clk_i) begin
    with_bias_q <= {beta[17], beta} + {{3{bias[15]}}, bias};
    z_wait_q <= z;
    z_q <= z_wait_q;
    beta_q <= beta_sat;
  end
  sq_score_int8_arithmetic_activation activation (.clk_i(clk_i), .z_i(z_q), .beta_i(beta_q), .a_o(a_o));
  sq_prim_delay #(.Width(16), .Clocks(Latency - Read)) out_delay (.clk_i(clk_i), .d_i(out_word[15:0]), .d_o(out_o));
  reg [Latency-1:0] valid_q, last_q;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_i ? {Latency{1'b0}} : {valid_q[Latency-2:0], valid_i};
    last_q <= {last_q[Latency-2:0], last_i};
  end
  assign valid_o = valid_q[Latency-1];
  assign last_o = last_q[Latency-1];

  wire unused = &{1'b0, unused_odd, unused_even, bias_word[31:16], out_word[31:16], weights, beta_sum[30+Levels-1:32]};
endmodule
