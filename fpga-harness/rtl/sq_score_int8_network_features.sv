// What the network sees of site after site: ŷ, sums of ŷ and ŷ² over orbits, and q = ŷ·d + Σ s_j f_j. Twin of
// core/src/score/int8/network.rs.
//
//   d = p₁ + p₃ŷ² + Σ c_i e_i
//
// A site takes a period of at least 23 clocks, and three of them, in which slot_q counts:
//   first    thirteen places of the field are read: slot n gives an address, whose word is there at n + 3
//   second   six products with factors, n + 4 after slot n: the odd features f, n + 8, the even ones e, n + 9
//   third    ten products: p₃ŷ², c_i e_i, s_j f_j; d at slot 14, its product with ŷ, and q at 22
//
//   log2_i        L = 2^log2_i
//   last_slot_i   the period less one
//   scalar_*      writes a single number of the stage, between fields: 0 to 23 as in core/src/score/int8/stage.rs; 25 and 26:
//                 M and M² as features
//   start_i       a field begins; the first site is out three periods later
//   addr_o        of ŷ with M in it, 11 fractional bits, and of ŷ², 8 fractional bits: y_i and y2_i two clocks later
//   valid_o       odd_o (ŷ, near, diagonal, second, M; 16 bits each), even_o (ŷ², near, diagonal, M²) and q_o, 11 fractional
//                 bits, are of the next site, in this clock and until the next
module sq_score_int8_network_features #(
  parameter integer MaxLog2 = 5
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire        [2:0]            log2_i,
  input  wire        [5:0]            last_slot_i,
  input  wire                         scalar_we_i,
  input  wire        [4:0]            scalar_addr_i,
  input  wire        [15:0]           scalar_data_i,
  input  wire                         start_i,
  output wire        [2*MaxLog2-1:0]  addr_o,
  input  wire signed [15:0]           y_i,
  input  wire        [14:0]           y2_i,
  output wire                         valid_o,
  output wire        [79:0]           odd_o,
  output wire        [63:0]           even_o,
  output wire signed [20:0]           q_o
);
  localparam [4:0] Orbits = 5'd0, Even = 5'd5, Offset = 5'd9, Skip = 5'd13, Cross = 5'd18, Linear = 5'd22, Cubic = 5'd23,
    Feature = 5'd25, SquareFeature = 5'd26;
  // Two copies, one for each of two products; what is added is needed beside them.
  (* ram_style = "distributed" *) reg [15:0] factors [0:31];
  (* ram_style = "distributed" *) reg [15:0] weights [0:31];
  reg signed [15:0] offset0_q, offset1_q, offset2_q, linear_q, m_q, m2_q;
  always_ff @(posedge clk_i) begin
    if (scalar_we_i) begin
      factors[scalar_addr_i] <= scalar_data_i;
      weights[scalar_addr_i] <= scalar_data_i;
      case (scalar_addr_i)
        Offset: offset0_q <= scalar_data_i;
        Offset + 5'd1: offset1_q <= scalar_data_i;
        Offset + 5'd2: offset2_q <= scalar_data_i;
        Linear: linear_q <= scalar_data_i;
        Feature: m_q <= scalar_data_i;
        SquareFeature: m2_q <= scalar_data_i;
        default: ;
      endcase
    end
  end

  // Periods, and which of the three parts have a site.
  reg [5:0] slot_q;
  reg reads_q, scales_q, weighs_q, valid_q;
  reg [MaxLog2-1:0] row_q, column_q, last_q;
  wire [MaxLog2:0] extent = {{MaxLog2{1'b0}}, 1'b1} << log2_i;
  wire turn = slot_q == last_slot_i;
  wire last_column = column_q == last_q;
  always_ff @(posedge clk_i) begin
    last_q <= extent[MaxLog2-1:0] - 1'b1;
    slot_q <= start_i || turn ? 6'd0 : slot_q + 6'd1;
    if (rst_i) {reads_q, scales_q, weighs_q} <= 3'b000;
    else if (start_i) {reads_q, scales_q, weighs_q} <= 3'b100;
    else if (turn) {reads_q, scales_q, weighs_q} <= {reads_q && !(last_column && row_q == last_q), reads_q, scales_q};
    valid_q <= !rst_i && turn && weighs_q && !start_i;
    if (start_i) {row_q, column_q} <= {2*MaxLog2{1'b0}};
    else if (turn) begin
      column_q <= (column_q + 1'b1) & last_q;
      if (last_column) row_q <= (row_q + 1'b1) & last_q;
    end
  end

  // First: the site, four neighbours, four diagonals, four at distance 2, by rows and columns away.
  reg signed [2:0] rows, columns;
  always_comb begin
    case (slot_q[3:0])
      4'd1: {rows, columns} = {-3'sd1, 3'sd0};
      4'd2: {rows, columns} = {3'sd1, 3'sd0};
      4'd3: {rows, columns} = {3'sd0, -3'sd1};
      4'd4: {rows, columns} = {3'sd0, 3'sd1};
      4'd5: {rows, columns} = {-3'sd1, -3'sd1};
      4'd6: {rows, columns} = {-3'sd1, 3'sd1};
      4'd7: {rows, columns} = {3'sd1, -3'sd1};
      4'd8: {rows, columns} = {3'sd1, 3'sd1};
      4'd9: {rows, columns} = {-3'sd2, 3'sd0};
      4'd10: {rows, columns} = {3'sd2, 3'sd0};
      4'd11: {rows, columns} = {3'sd0, -3'sd2};
      4'd12: {rows, columns} = {3'sd0, 3'sd2};
      default: {rows, columns} = 6'd0;
    endcase
  end
  wire [MaxLog2-1:0] row = (row_q + {{(MaxLog2-3){rows[2]}}, rows}) & last_q;
  wire [MaxLog2-1:0] column = (column_q + {{(MaxLog2-3){columns[2]}}, columns}) & last_q;
  reg [2*MaxLog2-1:0] addr_q;
  // What the word of a slot is for is known a clock before the word is there.
  reg [11:0] slots_q;
  wire [5:0] coming = slots_q[11:6];
  reg site_q, opens_q, adds_q, near_ends_q, diagonal_ends_q;
  reg signed [15:0] y_q;
  reg [14:0] y2_q;
  reg signed [17:0] sum_q, near_q, diagonal_q;
  reg [16:0] sum2_q, near2_q, diagonal2_q;
  wire signed [17:0] y_wide = {{2{y_i[15]}}, y_i};
  always_ff @(posedge clk_i) begin
    addr_q <= {{MaxLog2{1'b0}}, row} << log2_i | {{MaxLog2{1'b0}}, column};
    slots_q <= {slots_q[5:0], slot_q};
    site_q <= coming == 6'd0;
    opens_q <= coming == 6'd1 || coming == 6'd5 || coming == 6'd9;
    adds_q <= coming <= 6'd12;
    near_ends_q <= coming == 6'd5;
    diagonal_ends_q <= coming == 6'd9;
    if (site_q) {y_q, y2_q} <= {y_i, y2_i};
    if (adds_q) begin
      sum_q <= (opens_q ? 18'sd0 : sum_q) + y_wide;
      sum2_q <= (opens_q ? 17'd0 : sum2_q) + {2'd0, y2_i};
    end
    if (near_ends_q) {near_q, near2_q} <= {sum_q, sum2_q};
    if (diagonal_ends_q) {diagonal_q, diagonal2_q} <= {sum_q, sum2_q};
  end
  assign addr_o = addr_q;

  // Second.
  reg signed [15:0] scaled_y_q;
  reg [14:0] scaled_y2_q;
  reg signed [17:0] scaled_near_q, scaled_diagonal_q, scaled_second_q;
  reg [16:0] scaled_near2_q, scaled_diagonal2_q;
  reg [4:0] factor_at;
  reg signed [17:0] scaled;
  always_comb begin
    case (slot_q[2:0])
      3'd0: {factor_at, scaled} = {Even, 3'd0, scaled_y2_q};
      3'd1: {factor_at, scaled} = {Orbits, scaled_near_q};
      3'd2: {factor_at, scaled} = {Even + 5'd1, 1'b0, scaled_near2_q};
      3'd3: {factor_at, scaled} = {Orbits + 5'd1, scaled_diagonal_q};
      3'd4: {factor_at, scaled} = {Even + 5'd2, 1'b0, scaled_diagonal2_q};
      default: {factor_at, scaled} = {Orbits + 5'd2, scaled_second_q};
    endcase
  end
  reg signed [15:0] factor_q;
  reg signed [17:0] scaled_q;
  wire signed [33:0] scaled_product;
  sq_prim_mult #(.A(16), .B(18)) scale (.clk_i(clk_i), .a_i(factor_q), .b_i(scaled_q), .p_o(scaled_product));
  wire signed [15:0] odd;
  wire signed [23:0] even;
  sq_score_int8_arithmetic_round #(.In(34), .Out(16)) odd_round (
    .clk_i(clk_i), .shift_i(5'd14), .x_i(scaled_product), .y_o(odd)
  );
  sq_score_int8_arithmetic_round #(.In(34), .Out(24)) even_round (
    .clk_i(clk_i), .shift_i(5'd10), .x_i(scaled_product), .y_o(even)
  );
  // Product n is rounded at slot n + 7.
  wire signed [15:0] offset = slot_q[2:0] == 3'd7 ? offset0_q : slot_q[2:0] == 3'd1 ? offset1_q : offset2_q;
  reg signed [24:0] even_q;
  wire [15:0] odd_feature, even_feature;
  sq_score_int8_arithmetic_clamp #(.In(16)) clamp_odd (.x_i(odd), .y_o(odd_feature));
  sq_score_int8_arithmetic_clamp #(.In(25)) clamp_even (.x_i(even_q), .y_o(even_feature));
  reg [47:0] odd_features_q, even_features_q;
  reg feature_q;
  always_ff @(posedge clk_i) begin
    feature_q <= slot_q == 6'd7 || slot_q == 6'd9 || slot_q == 6'd11;
    if (turn) begin
      {scaled_y_q, scaled_y2_q} <= {y_q, y2_q};
      {scaled_near_q, scaled_diagonal_q, scaled_second_q} <= {near_q, diagonal_q, sum_q};
      {scaled_near2_q, scaled_diagonal2_q} <= {near2_q, diagonal2_q};
    end
    factor_q <= factors[factor_at];
    scaled_q <= scaled;
    even_q <= {even[23], even} - {{9{offset[15]}}, offset};
    if (feature_q) begin
      odd_features_q <= {odd_feature, odd_features_q[47:16]};
      even_features_q <= {even_feature, even_features_q[47:16]};
    end
  end

  // Third.
  reg signed [15:0] y3_q;
  reg [14:0] y2_3_q;
  reg [47:0] odd3_q, even3_q;
  reg [4:0] weight_at;
  reg signed [15:0] weighed;
  always_comb begin
    case (slot_q[3:0])
      4'd0: {weight_at, weighed} = {Cubic, 1'b0, y2_3_q};
      4'd1: {weight_at, weighed} = {Cross, even3_q[15:0]};
      4'd2: {weight_at, weighed} = {Cross + 5'd1, even3_q[31:16]};
      4'd3: {weight_at, weighed} = {Cross + 5'd2, even3_q[47:32]};
      4'd4: {weight_at, weighed} = {Cross + 5'd3, m2_q};
      4'd6: {weight_at, weighed} = {Skip + 5'd1, odd3_q[15:0]};
      4'd7: {weight_at, weighed} = {Skip + 5'd2, odd3_q[31:16]};
      4'd8: {weight_at, weighed} = {Skip + 5'd3, odd3_q[47:32]};
      4'd9: {weight_at, weighed} = {Skip + 5'd4, m_q};
      // Slots 5 and 14.
      default: {weight_at, weighed} = {Skip, y3_q};
    endcase
  end
  reg signed [15:0] weight_q, weighed_q, d_q;
  // Slots 14, 3, 3 to 7, 8, 8 to 12 and 17, each told from the one before.
  reg d_turn_q, factor_opens_q, factor_adds_q, skip_opens_q, skip_adds_q, total_turn_q;
  wire signed [31:0] product;
  sq_prim_mult #(.A(16), .B(16)) weigh (.clk_i(clk_i), .a_i(weight_q), .b_i(weighed_q), .p_o(product));
  // Σ c_i e_i + p₃ŷ², at slot 8; Σ s_j f_j, at 13: both below 2^31, in one register each.
  reg signed [31:0] factor_sum_q, skip_sum_q, total_q;
  wire signed [23:0] factor;
  sq_score_int8_arithmetic_round #(.In(32), .Out(24)) factor_round (
    .clk_i(clk_i), .shift_i(5'd9), .x_i(factor_sum_q), .y_o(factor)
  );
  reg signed [24:0] d_wide_q;
  wire signed [15:0] d;
  sq_score_int8_arithmetic_saturate #(.In(25), .Out(16)) saturate (.x_i(d_wide_q), .y_o(d));
  wire signed [20:0] q;
  sq_score_int8_arithmetic_round #(.In(32), .Out(21)) total_round (
    .clk_i(clk_i), .shift_i(5'd12), .x_i(total_q), .y_o(q)
  );
  reg [79:0] odd_q;
  reg [63:0] evens_q;
  reg signed [20:0] q_q;
  always_ff @(posedge clk_i) begin
    if (turn) begin
      {y3_q, y2_3_q} <= {scaled_y_q, scaled_y2_q};
      {odd3_q, even3_q} <= {odd_features_q, even_features_q};
      odd_q <= {m_q, odd3_q, y3_q};
      evens_q <= {m2_q, even3_q};
      q_q <= q;
    end
    d_turn_q <= slot_q == 6'd13;
    factor_opens_q <= slot_q == 6'd2;
    factor_adds_q <= slot_q >= 6'd2 && slot_q <= 6'd6;
    skip_opens_q <= slot_q == 6'd7;
    skip_adds_q <= slot_q >= 6'd7 && slot_q <= 6'd11;
    total_turn_q <= slot_q == 6'd16;
    weight_q <= d_turn_q ? d_q : weights[weight_at];
    weighed_q <= weighed;
    // Product n is there at slot n + 3.
    if (factor_adds_q) factor_sum_q <= (factor_opens_q ? 32'sd0 : factor_sum_q) + product;
    if (skip_adds_q) skip_sum_q <= (skip_opens_q ? 32'sd0 : skip_sum_q) + product;
    d_wide_q <= {factor[23], factor} + {{9{linear_q[15]}}, linear_q};
    d_q <= d;
    if (total_turn_q) total_q <= skip_sum_q + product;
  end
  assign valid_o = valid_q;
  assign odd_o = odd_q;
  assign even_o = evens_q;
  assign q_o = q_q;

  wire unused = &{1'b0, extent[MaxLog2]};
endmodule
