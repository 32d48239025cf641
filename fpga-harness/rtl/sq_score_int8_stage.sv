// A stage of an image, made ready: four rows added up, gains multiplied into weights. Twin of core/src/score/int8/stage.rs, and of what
// network.rs beside it makes of M. One multiplier.
//
//   rows_i ...     where sections of the image begin, and the length of a row: in words of 16 bits. orbits_i: K. first_i, second_i: units
//                  of the layers, 1 to Units, which is even and at most 32. All of them are constant while busy_o is 1
//   start_i        prepares stage_i for M/M_max = m_i (14 fractional bits, within ±2^14) in bank_i; with last_i it copies r(0) into table 0
//                  instead. Only while busy_o and handing_o are 0
//   busy_o         1 from the clock after start_i until every word is written: 4 clocks a number of a row, one a weight, 240 more
//   closes_o       flag of the stage prepared last
//   addr_o         a word of the image; word_i is it 3 clocks later
//   table_*_o      four tables by orbit, address {bank, orbit}
//   weight_*_o     weights of unit {bank, unit} of layer 0 or 1 by pairs of inputs, the first of a pair in the lower half: 3 or Units/2
//                  pairs of odd inputs, two of even ones; then the bias, and, of layer 1, the weight of the output, both in the lower
//                  half. Inputs that the image does not have get 0
//   hand_i         hands over the scalars of the stage prepared last, while busy_o is 0; handing_o is 1 until all are written, 32 clocks
//   scalar_*_o     0 to 23 those of the row; 24 M in ŷ, 25 M as a feature, 26 M² as a feature
//
// The image has been checked by the core's rules: weights of rows have magnitudes of at most 2^15 together. ImageLog2 is 14 at least,
// OrbitsLog2 7.
module sq_score_int8_stage #(
  parameter integer ImageLog2 = 14,
  parameter integer Units = 24,
  parameter integer OrbitsLog2 = 8
) (
  input  wire                   clk_i,
  input  wire                   rst_i,
  input  wire [ImageLog2-1:0]   rows_i,
  input  wire [ImageLog2-1:0]   row_length_i,
  input  wire [ImageLog2-1:0]   records_i,
  input  wire [ImageLog2-1:0]   gains_i,
  input  wire [ImageLog2-1:0]   weights_i,
  input  wire [ImageLog2-1:0]   end_i,
  input  wire [OrbitsLog2-1:0]  orbits_i,
  input  wire [5:0]             first_i,
  input  wire [5:0]             second_i,
  input  wire                   start_i,
  input  wire [9:0]             stage_i,
  input  wire                   last_i,
  input  wire                   bank_i,
  input  wire signed [15:0]     m_i,
  output wire                   busy_o,
  output wire                   closes_o,
  output wire [ImageLog2-1:0]   addr_o,
  input  wire [15:0]            word_i,
  output wire [3:0]             table_we_o,
  output wire [OrbitsLog2:0]    table_addr_o,
  output wire [15:0]            table_data_o,
  output wire                   weight_we_o,
  output wire                   weight_layer_o,
  output wire [4:0]             weight_pair_o,
  output wire [5:0]             weight_unit_o,
  output wire [31:0]            weight_data_o,
  input  wire                   hand_i,
  output wire                   handing_o,
  output wire                   scalar_we_o,
  output wire [4:0]             scalar_addr_o,
  output wire [15:0]            scalar_data_o
);
  localparam integer N = ImageLog2;
  localparam integer K = OrbitsLog2;
  // Clocks from an address to its word.
  localparam integer Read = 3;

  // Parts of the work, in the order EvenGains1, EvenGains2, Record, Table to Even2, Mean; or End alone. A part has so many items, and an
  // item so many lanes, a clock each: the four rows of a number, or the inputs of a unit.
  localparam [4:0] Table = 5'd0, Gains1 = 5'd4, Biases1 = 5'd5, Gains2 = 5'd6, Biases2 = 5'd7, Output = 5'd8, Scalars = 5'd9;
  localparam [4:0] Odd1 = 5'd10, Even1 = 5'd11, Odd2 = 5'd12, Even2 = 5'd13, Mean = 5'd14;
  localparam [4:0] EvenGains1 = 5'd15, EvenGains2 = 5'd16, Record = 5'd17, End = 5'd18;

  // Where the scalars lie that are needed here: see `scalar` of the core.
  localparam [4:0] ScalarMean = 5'd3, ScalarEven = 5'd5, ScalarOffset = 5'd9, ScalarSkip = 5'd13, ScalarLinear = 5'd22;

  // Where what M makes lies; right shifts.
  localparam [4:0] OfM = 5'd24, Rows = 5'd14, GainBits = 5'd9;

  localparam [31:0] LastLane = Units - 1, HalfUnits = Units / 2;
  localparam [K-1:0] One = 1;
  localparam [4:0] Pairs2 = HalfUnits[4:0];

  // The order of parts. Each begins with two clocks, setup_q and begins_q, in which what depends on the part is looked up. After some of
  // them all that is under way comes to its end: drain_q.
  reg busy_q, setup_q, begins_q, issue_q, drain_q, pointers_q;
  reg [4:0] part_q;
  reg [3:0] timer_q;
  reg bank_q;
  reg [9:0] stage_q;
  reg signed [15:0] m_q;
  reg [K-1:0] item_q, items_left_q, last_item_q;
  reg [5:0] lane_q, lanes_left_q, last_lane_q, last_real_q;
  reg lane_ends_q, items_end_q, single_q;
  reg [4:0] pair_base_q;
  reg pad_q, odd_q;
  reg rows_q, bytes_q, copies_q, record_q, mean_q, drains_q, final_q;
  reg [N-1:0] at_record_q, base_q;
  // Rows that the last pointer is still moved by, less one.
  reg [10:0] left_q;
  reg pointed_q;

  wire starts = start_i && !busy_q;
  wire part_ends = issue_q && lane_ends_q && items_end_q;
  wire drained = drain_q && timer_q == 4'd0;
  wire follows = part_ends && !drains_q || drained && !record_q && !final_q;
  wire [9:0] row;
  always_ff @(posedge clk_i) begin
    busy_q <= !rst_i && (starts || busy_q && !(drained && final_q));
    setup_q <= !rst_i && (starts || follows || pointed_q);
    begins_q <= !rst_i && setup_q;
    issue_q <= !rst_i && (begins_q || issue_q && !part_ends);
    drain_q <= !rst_i && (part_ends && drains_q || drain_q && !drained);
    pointers_q <= !rst_i && (drained && record_q || pointers_q && !pointed_q);
    timer_q <= drain_q ? timer_q - 1'b1 : 4'd15;
    left_q <= drain_q ? {1'b0, row} + 11'd2 : left_q - 1'b1;
    pointed_q <= !rst_i && pointers_q && !pointed_q && left_q == 11'd1;
    if (starts) part_q <= last_i ? End : EvenGains1;
    else if (pointed_q) part_q <= Table;
    else if (follows) part_q <= part_q + 1'b1;
    if (starts) begin
      bank_q <= bank_i;
      stage_q <= stage_i;
      m_q <= m_i;
    end
  end
  assign busy_o = busy_q;

  // What depends on the part.
  always_ff @(posedge clk_i) begin
    case (part_q)
      Gains1, Biases1, Odd1, Even1, EvenGains1: last_item_q <= {{(K-6){1'b0}}, first_i} - 1'b1;
      Gains2, Biases2, Output, Odd2, Even2, EvenGains2: last_item_q <= {{(K-6){1'b0}}, second_i} - 1'b1;
      Scalars: last_item_q <= {{(K-5){1'b0}}, 5'd23};
      Mean: last_item_q <= {{(K-5){1'b0}}, 5'd4};
      Record: last_item_q <= {K{1'b0}};
      default: last_item_q <= orbits_i - 1'b1;
    endcase
    case (part_q)
      Odd1, Record: last_lane_q <= 6'd5;
      Odd2: last_lane_q <= LastLane[5:0];
      // A product for so long that the next may need what is made of it.
      Mean: last_lane_q <= 6'd15;
      EvenGains1, EvenGains2, End: last_lane_q <= 6'd0;
      default: last_lane_q <= 6'd3;
    endcase
    case (part_q)
      Odd1: last_real_q <= 6'd4;
      Odd2: last_real_q <= first_i - 1'b1;
      default: last_real_q <= 6'd63;
    endcase
    case (part_q)
      Even1: pair_base_q <= 5'd3;
      Biases1: pair_base_q <= 5'd5;
      Even2: pair_base_q <= Pairs2;
      Biases2: pair_base_q <= Pairs2 + 5'd2;
      Output: pair_base_q <= Pairs2 + 5'd3;
      default: pair_base_q <= 5'd0;
    endcase
    case (part_q)
      EvenGains1: base_q <= gains_i;
      Record: base_q <= at_record_q;
      End: base_q <= end_i;
      default: base_q <= weights_i;
    endcase
    at_record_q <= records_i + {{(N-13){1'b0}}, stage_q, 3'd0};
    rows_q <= part_q <= Scalars;
    bytes_q <= part_q == Odd1 || part_q == Even1 || part_q == Odd2 || part_q == Even2;
    copies_q <= part_q == EvenGains1 || part_q == EvenGains2 || part_q == Record || part_q == End;
    record_q <= part_q == Record;
    mean_q <= part_q == Mean;
    final_q <= part_q == Mean || part_q == End;
    single_q <= part_q == EvenGains1 || part_q == EvenGains2 || part_q == End;
    drains_q <= part_q == Record || part_q == Scalars || part_q == Even2 || part_q == Mean || part_q == End;
  end

  // Items and lanes, counted up and down; pad_q: a lane that the image does not have; odd_q: the upper byte of a word.
  wire real_byte = issue_q && bytes_q && !pad_q;
  wire turn = begins_q || lane_ends_q;
  always_ff @(posedge clk_i) begin
    if (begins_q || issue_q) begin
      lane_q <= turn ? 6'd0 : lane_q + 1'b1;
      lanes_left_q <= turn ? last_lane_q : lanes_left_q - 1'b1;
      lane_ends_q <= turn ? single_q : lanes_left_q == 6'd1;
      pad_q <= !turn && (pad_q || lane_q == last_real_q);
    end
    if (begins_q) begin
      item_q <= {K{1'b0}};
      items_left_q <= last_item_q;
      items_end_q <= last_item_q == {K{1'b0}};
      if (part_q == Odd1) odd_q <= 1'b0;
    end else if (issue_q) begin
      if (lane_ends_q) begin
        item_q <= item_q + 1'b1;
        items_left_q <= items_left_q - 1'b1;
        items_end_q <= items_left_q == One;
      end
      if (real_byte) odd_q <= !odd_q;
    end
  end

  // Pointers into four rows, of which the first is read from and goes to the end of the queue. While they are made the last is moved on by
  // a row a clock; else the first points to what is read.
  reg [N-1:0] p0_q, p1_q, p2_q, p3_q;
  wire turns = pointers_q || issue_q && rows_q;
  wire steps = issue_q && copies_q || real_byte && odd_q;
  wire loads = begins_q && (part_q == EvenGains1 || part_q == Record || part_q == Odd1 || part_q == End);
  always_ff @(posedge clk_i) begin
    p0_q <= loads ? base_q : turns ? p1_q : steps ? p0_q + 1'b1 : p0_q;
    if (turns) begin
      p1_q <= p2_q;
      p2_q <= p3_q;
    end
    p3_q <= drain_q ? rows_i : pointers_q ? p3_q + row_length_i : turns ? p0_q + 1'b1 : p3_q;
  end
  assign addr_o = p0_q;

  // What is done with a lane, so many clocks after its address: where its result goes, and whether it does.
  reg [Read-1:0] valid_q, pad_late_q, upper_q, square_q;
  reg [Read+2:0] first_q;
  reg [10:0] write_q;
  reg [K+9:0] tag_1_q;
  always_ff @(posedge clk_i) begin
    valid_q <= {valid_q[Read-2:0], issue_q};
    pad_late_q <= {pad_late_q[Read-2:0], pad_q};
    upper_q <= {upper_q[Read-2:0], odd_q};
    square_q <= {square_q[Read-2:0], item_q[2:0] == 3'd2};
    first_q <= {first_q[Read+1:0], !rows_q || lane_q == 6'd0};
    write_q <= rst_i ? 11'd0 : {write_q[9:0], issue_q && (bytes_q ? lane_q[0] : lane_ends_q)};
    tag_1_q <= {part_q, bytes_q ? pair_base_q + lane_q[5:1] : pair_base_q, item_q};
  end
  wire [K+9:0] tag_4, tag_10;
  sq_prim_delay #(.Width(K+10), .Clocks(3)) delay_tag_4 (.clk_i(clk_i), .d_i(tag_1_q), .d_o(tag_4));
  sq_prim_delay #(.Width(K+10), .Clocks(6)) delay_tag_10 (.clk_i(clk_i), .d_i(tag_4), .d_o(tag_10));

  // Gains, of odd inputs at {0, 0, layer, unit} and of even ones at {0, 1, layer, unit}; scalars from 128 on. What is read for a lane is
  // there with its word.
  reg [7:0] read, read_q;
  reg [4:0] hand_q;
  reg handing_q;
  wire [15:0] stored;
  reg store_we_q;
  reg [7:0] store_addr_q;
  reg [15:0] store_data_q;
  always_comb begin
    case (item_q[2:0])
      3'd0: read = {3'b100, ScalarMean};
      3'd1: read = {3'b100, ScalarMean + 5'd1};
      3'd4: read = {3'b100, ScalarOffset + 5'd3};
      default: read = {3'b100, ScalarEven + 5'd3};
    endcase
    if (bytes_q) read = {1'b0, part_q[0], part_q[2], item_q[4:0]};
    if (handing_q) read = {3'b100, hand_q};
  end
  always_ff @(posedge clk_i) read_q <= read;
  sq_prim_ram #(.Width(16), .AddrW(8)) store (
    .clk_i(clk_i), .we_i(store_we_q), .waddr_i(store_addr_q), .wdata_i(store_data_q), .raddr_i(read_q), .rdata_o(stored)
  );

  // The record as it comes: row, four weights, flag. The weights then take turns as the rows do; at the end M is in the place of the first.
  reg [15:0] row_word_q, closes_q;
  reg signed [15:0] w0_q, w1_q, w2_q, w3_q;
  always_ff @(posedge clk_i) begin
    if (mean_q) w0_q <= m_q;
    else if (valid_q[Read-1] && (rows_q || record_q)) begin
      w0_q <= w1_q;
      w1_q <= w2_q;
      w2_q <= w3_q;
      w3_q <= record_q ? closes_q : w0_q;
    end
    if (valid_q[Read-1] && record_q) begin
      row_word_q <= w0_q;
      closes_q <= word_i;
    end
  end
  assign row = row_word_q[9:0];
  assign closes_o = closes_q != 16'd0;

  // The one product. factor_q: M, and then its square. Sums of at most 2^30; a weight's product is at most 2^22.
  reg signed [15:0] a_q, b_q, factor_q;
  wire signed [31:0] product;
  reg signed [31:0] sum_q;
  wire [7:0] weight_byte = upper_q[Read-1] ? word_i[15:8] : word_i[7:0];
  reg [4:0] shift_q;
  always_ff @(posedge clk_i) begin
    if (mean_q) a_q <= factor_q;
    else if (bytes_q) a_q <= pad_late_q[Read-1] ? 16'sd0 : {{8{weight_byte[7]}}, weight_byte};
    else a_q <= word_i;
    b_q <= bytes_q || mean_q && !square_q[Read-1] ? stored : w0_q;
    sum_q <= (first_q[Read+2] ? 32'sd0 : sum_q) + product;
    shift_q <= bytes_q ? GainBits : Rows;
  end
  sq_prim_mult #(.A(16), .B(16)) mult (.clk_i(clk_i), .a_i(a_q), .b_i(b_q), .p_o(product));
  wire signed [15:0] rounded;
  sq_score_int8_arithmetic_round #(.In(32), .Out(16)) round (.clk_i(clk_i), .shift_i(shift_q), .x_i(sum_q), .y_o(rounded));

  // Within ±2^13: weights, and scalars that are weights. Within ±2^14: M as a feature. 2^13 itself is cut to itself.
  wire [4:0] part_10 = tag_10[K+9:K+5];
  wire [4:0] item_10 = tag_10[4:0];
  reg [K+9:0] tag_11_q;
  reg within_13_q, within_14_q;
  always_ff @(posedge clk_i) begin
    tag_11_q <= tag_10;
    within_13_q <= part_10 >= Odd1 && part_10 <= Even2
      || part_10 == Scalars && item_10 >= ScalarSkip && item_10 < ScalarLinear;
    within_14_q <= part_10 == Mean && item_10[2:0] == 3'd1;
  end
  wire sign = rounded[15];
  wire over_14 = rounded[14] != sign;
  wire over_13 = over_14 || rounded[13] != sign;

  // A result, and what it is. What is copied takes the way of a word alone.
  reg signed [15:0] value_q, before_q;
  reg write_12_q;
  reg [K+9:0] tag_12_q;
  always_ff @(posedge clk_i) begin
    if (copies_q) value_q <= a_q;
    else if (within_13_q && over_13) value_q <= {sign, sign, 1'b1, 13'd0};
    else if (within_14_q && over_14) value_q <= {sign, 1'b1, 14'd0};
    else value_q <= rounded;
    before_q <= value_q;
    tag_12_q <= copies_q ? tag_4 : tag_11_q;
    write_12_q <= !rst_i && (copies_q ? write_q[3] : write_q[10]);
  end
  wire [4:0] part_12 = tag_12_q[K+9:K+5], pair_12 = tag_12_q[K+4:K];
  wire [K-1:0] item_12 = tag_12_q[K-1:0];

  // Tables and weights.
  wire of_weights = part_12 >= Odd1 && part_12 <= Even2;
  reg [3:0] table_we_q;
  reg [K:0] table_addr_q;
  reg [15:0] table_data_q;
  reg weight_we_q, weight_layer_q;
  reg [4:0] weight_pair_q;
  reg [5:0] weight_unit_q;
  reg [31:0] weight_data_q;
  always_ff @(posedge clk_i) begin
    table_we_q[0] <= write_12_q && !rst_i && (part_12 == Table || part_12 == End);
    table_we_q[1] <= write_12_q && !rst_i && part_12 == Table + 5'd1;
    table_we_q[2] <= write_12_q && !rst_i && part_12 == Table + 5'd2;
    table_we_q[3] <= write_12_q && !rst_i && part_12 == Table + 5'd3;
    table_addr_q <= {bank_q, item_12};
    table_data_q <= value_q;
    weight_we_q <= write_12_q && !rst_i && (of_weights || part_12 == Biases1 || part_12 == Biases2 || part_12 == Output);
    weight_layer_q <= part_12 == Biases2 || part_12 == Output || part_12 == Odd2 || part_12 == Even2;
    weight_pair_q <= pair_12;
    weight_unit_q <= {bank_q, item_12[4:0]};
    weight_data_q <= of_weights ? {value_q, before_q} : {16'd0, value_q};
  end
  assign table_we_o = table_we_q;
  assign table_addr_o = table_addr_q;
  assign table_data_o = table_data_q;
  assign weight_we_o = weight_we_q;
  assign weight_layer_o = weight_layer_q;
  assign weight_pair_o = weight_pair_q;
  assign weight_unit_o = weight_unit_q;
  assign weight_data_o = weight_data_q;

  // Gains and scalars. M² as a feature is a product less a scalar, which is read by then: a clock later.
  wire m_here = write_12_q && part_12 == Mean;
  reg square_here_q;
  reg signed [16:0] less_q;
  wire less_over = less_q[16:14] != {3{less_q[16]}};
  always_ff @(posedge clk_i) begin
    factor_q <= !mean_q ? m_q : m_here && item_12[2:0] == 3'd2 ? value_q : factor_q;
    less_q <= {value_q[15], value_q} - {stored[15], stored};
    square_here_q <= m_here && !rst_i && item_12[2:0] == 3'd3;
    store_we_q <= !rst_i && (square_here_q || write_12_q && (part_12 == Gains1 || part_12 == Gains2 || part_12 == EvenGains1
      || part_12 == EvenGains2 || part_12 == Scalars || part_12 == Mean && item_12[2:1] == 2'd0));
    if (square_here_q) store_addr_q <= {3'b100, OfM + 5'd2};
    else if (part_12 == Mean) store_addr_q <= {3'b100, OfM | item_12[4:0]};
    else if (part_12 == Scalars) store_addr_q <= {3'b100, item_12[4:0]};
    else store_addr_q <= {1'b0, part_12 == EvenGains1 || part_12 == EvenGains2, part_12 == Gains2 || part_12 == EvenGains2, item_12[4:0]};
    if (!square_here_q) store_data_q <= value_q;
    else store_data_q <= less_over ? {less_q[16], 1'b1, 14'd0} : less_q[15:0];
  end

  // The scalars, handed over; the count goes on until the last is written.
  reg [2:0] hand_we_q;
  reg scalar_we_q;
  reg [4:0] scalar_addr_q;
  reg [15:0] scalar_data_q;
  wire [4:0] hand_3;
  sq_prim_delay #(.Width(5), .Clocks(3)) delay_hand (.clk_i(clk_i), .d_i(hand_q), .d_o(hand_3));
  always_ff @(posedge clk_i) begin
    handing_q <= !rst_i && (hand_i || handing_q && hand_q != 5'd31);
    hand_q <= hand_i ? 5'd0 : hand_q + 1'b1;
    hand_we_q <= rst_i ? 3'd0 : {hand_we_q[1:0], handing_q && hand_q <= OfM + 5'd2};
    scalar_we_q <= !rst_i && hand_we_q[2];
    scalar_addr_q <= hand_3;
    scalar_data_q <= stored;
  end
  assign handing_o = handing_q;
  assign scalar_we_o = scalar_we_q;
  assign scalar_addr_o = scalar_addr_q;
  assign scalar_data_o = scalar_data_q;

  wire unused = &{1'b0, LastLane[31:6], HalfUnits[31:5], row_word_q[15:10]};
endmodule
