// The network: h of site after site, from ŷ in a memory. Twin of core/src/score/int8/network.rs.
//
//   h = q + Σ o_n b_n: q, odd and even features of a site; a, activations of the first layer; b, of the second
//
// Each layer makes a unit a clock, the two of different sites. A site takes the period of its features: at least as many
// clocks as either layer has units.
//
//   log2_i, last_slot_i, scalar_*, addr_o, y_i, y2_i   as of sq_score_int8_network_features
//   last1_i, last2_i   units of the layers, less one
//   shifts_i           of the first layer's odd [4:0] and even sums, the second's, and the output
//   bank_i             of the weights in use; weight_*: as of sq_score_int8_network_units, of the second layer with
//                      weight_layer_i
//   start_i            a field begins
//   h_o, valid_o       16 bits signed, 11 fractional, in the order of the sites
//
// latency of the first site: 3 periods, h₁ + h₂ and 60 clocks
module sq_score_int8_network #(
  parameter integer MaxLog2 = 5,
  parameter integer Units = 24
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire        [2:0]            log2_i,
  input  wire        [5:0]            last_slot_i,
  input  wire        [4:0]            last1_i,
  input  wire        [4:0]            last2_i,
  input  wire        [24:0]           shifts_i,
  input  wire                         bank_i,
  input  wire                         weight_we_i,
  input  wire                         weight_layer_i,
  input  wire        [4:0]            weight_pair_i,
  input  wire        [5:0]            weight_unit_i,
  input  wire        [31:0]           weight_data_i,
  input  wire                         scalar_we_i,
  input  wire        [4:0]            scalar_addr_i,
  input  wire        [15:0]           scalar_data_i,
  input  wire                         start_i,
  output wire        [2*MaxLog2-1:0]  addr_o,
  input  wire signed [15:0]           y_i,
  input  wire        [14:0]           y2_i,
  output wire                         valid_o,
  output wire signed [15:0]           h_o
);
  // Every memory of weights is reached through registers: they lie all over the chip.
  reg weight_we_q, weight_layer_q;
  reg [4:0] weight_pair_q;
  reg [5:0] weight_unit_q;
  reg [31:0] weight_data_q;
  always_ff @(posedge clk_i) begin
    weight_we_q <= weight_we_i;
    weight_layer_q <= weight_layer_i;
    weight_pair_q <= weight_pair_i;
    weight_unit_q <= weight_unit_i;
    weight_data_q <= weight_data_i;
  end

  wire site;
  wire [79:0] odd;
  wire [63:0] even;
  wire signed [20:0] q_new;
  sq_score_int8_network_features #(.MaxLog2(MaxLog2)) features (
    .clk_i(clk_i), .rst_i(rst_i), .log2_i(log2_i), .last_slot_i(last_slot_i),
    .scalar_we_i(scalar_we_i), .scalar_addr_i(scalar_addr_i), .scalar_data_i(scalar_data_i),
    .start_i(start_i), .addr_o(addr_o), .y_i(y_i), .y2_i(y2_i), .valid_o(site), .odd_o(odd), .even_o(even), .q_o(q_new)
  );

  // First layer: the features change with the next site only, when all units have seen them.
  reg [4:0] unit1_q;
  reg run1_q;
  reg [143:0] in1_q, in1_late_q;
  wire last1 = unit1_q == last1_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) run1_q <= 1'b0;
    else if (site) run1_q <= 1'b1;
    else if (last1) run1_q <= 1'b0;
    unit1_q <= site ? 5'd0 : unit1_q + 5'd1;
    // Beside the words of the weights' memories.
    in1_q <= {even, odd};
    in1_late_q <= in1_q;
  end
  reg [143:0] in1_later_q, in1_at_q;
  always_ff @(posedge clk_i) begin
    in1_later_q <= in1_late_q;
    in1_at_q <= in1_later_q;
  end
  wire signed [7:0] a;
  wire a_valid, a_last;
  wire signed [15:0] unused_out;
  sq_score_int8_network_units #(.Odd(5), .Width(16), .Levels(3), .UnitsLog2(5)) first (
    .clk_i(clk_i), .rst_i(rst_i), .shifts_i(shifts_i[9:0]), .weight_we_i(weight_we_q && !weight_layer_q),
    .weight_pair_i(weight_pair_q), .weight_unit_i(weight_unit_q), .weight_data_i(weight_data_q),
    .valid_i(run1_q), .last_i(last1), .unit_i({bank_i, unit1_q}), .x_i(in1_at_q[79:0]), .even_i(in1_at_q[143:80]),
    .a_o(a), .valid_o(a_valid), .last_o(a_last), .out_o(unused_out)
  );

  // The activations of a site, until all are there. Lanes that the image does not use have weights 0.
  reg [4:0] place_q;
  reg [8*Units-1:0] gather_q;
  reg full_q;
  integer n;
  always_ff @(posedge clk_i) begin
    if (rst_i) place_q <= 5'd0;
    else if (a_valid) place_q <= a_last ? 5'd0 : place_q + 5'd1;
    for (n = 0; n < Units; n = n + 1) if (a_valid && place_q == n[4:0]) gather_q[8*n +: 8] <= a;
    full_q <= !rst_i && a_valid && a_last;
  end

  // Second layer. The even features and q of a site wait for it.
  wire [63:0] even2;
  sq_prim_queue #(.Width(64), .Log2(2)) even_queue (
    .clk_i(clk_i), .rst_i(rst_i), .put_i(site), .d_i(even), .get_i(full_q), .d_o(even2)
  );
  reg [4:0] unit2_q;
  reg run2_q;
  reg [8*Units+63:0] in2_q, in2_late_q, in2_later_q, in2_at_q;
  wire last2 = unit2_q == last2_i;
  always_ff @(posedge clk_i) begin
    if (rst_i) run2_q <= 1'b0;
    else if (full_q) run2_q <= 1'b1;
    else if (last2) run2_q <= 1'b0;
    unit2_q <= full_q ? 5'd0 : unit2_q + 5'd1;
    if (full_q) in2_q <= {even2, gather_q};
    in2_late_q <= in2_q;
    in2_later_q <= in2_late_q;
    in2_at_q <= in2_later_q;
  end
  wire signed [7:0] b;
  wire b_valid, b_last;
  wire signed [15:0] weight;
  sq_score_int8_network_units #(.Odd(Units), .Width(8), .Levels(5), .UnitsLog2(5)) second (
    .clk_i(clk_i), .rst_i(rst_i), .shifts_i(shifts_i[19:10]), .weight_we_i(weight_we_q && weight_layer_q),
    .weight_pair_i(weight_pair_q), .weight_unit_i(weight_unit_q), .weight_data_i(weight_data_q),
    .valid_i(run2_q), .last_i(last2), .unit_i({bank_i, unit2_q}),
    .x_i(in2_at_q[8*Units-1:0]), .even_i(in2_at_q[8*Units+63:8*Units]),
    .a_o(b), .valid_o(b_valid), .last_o(b_last), .out_o(weight)
  );

  // Output: |o·b| < 2^22, of 32 units at most below 2^27.
  wire signed [23:0] product;
  sq_prim_mult #(.A(16), .B(8)) mult (.clk_i(clk_i), .a_i(weight), .b_i(b), .p_o(product));
  reg [1:0] product_valid_q, product_last_q;
  reg opens_q, done_q;
  reg signed [28:0] sum_q, total_q;
  wire signed [28:0] wide = {{5{product[23]}}, product};
  always_ff @(posedge clk_i) begin
    product_valid_q <= rst_i ? 2'd0 : {product_valid_q[0], b_valid};
    product_last_q <= {product_last_q[0], b_last};
    if (rst_i) opens_q <= 1'b1;
    else if (product_valid_q[1]) opens_q <= product_last_q[1];
    if (product_valid_q[1]) sum_q <= (opens_q ? 29'sd0 : sum_q) + wide;
    done_q <= !rst_i && product_valid_q[1] && product_last_q[1];
    if (done_q) total_q <= sum_q;
  end
  wire signed [27:0] out;
  sq_score_int8_arithmetic_round #(.In(29), .Out(28)) out_round (
    .clk_i(clk_i), .shift_i(shifts_i[24:20]), .x_i(total_q), .y_o(out)
  );
  // total_q is there one clock after done_q, and rounded 4 later.
  reg [6:0] done_late_q;
  wire signed [20:0] q;
  sq_prim_queue #(.Width(21), .Log2(3)) q_queue (
    .clk_i(clk_i), .rst_i(rst_i), .put_i(site), .d_i(q_new), .get_i(done_late_q[4]), .d_o(q)
  );
  reg signed [20:0] q_q;
  reg signed [28:0] h_wide_q;
  wire signed [15:0] h_sat;
  sq_score_int8_arithmetic_saturate #(.In(29), .Out(16)) saturate (.x_i(h_wide_q), .y_o(h_sat));
  reg signed [15:0] h_q;
  always_ff @(posedge clk_i) begin
    done_late_q <= rst_i ? 7'd0 : {done_late_q[5:0], done_q};
    q_q <= q;
    h_wide_q <= {out[27], out} + {{8{q_q[20]}}, q_q};
    h_q <= h_sat;
  end
  assign h_o = h_q;
  assign valid_o = done_late_q[6];
endmodule
