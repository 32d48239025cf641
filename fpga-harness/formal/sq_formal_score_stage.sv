// When sq_score_int8_stage writes, and where; which products its sums are of.
module sq_formal_score_stage #(
  parameter integer Units = 24
) (
  input  wire         clk_i,
  input  wire         start_i,
  input  wire         hand_i,
  input  wire         last_i,
  input  wire         bank_i,
  input  wire [9:0]   stage_i,
  input  wire signed [15:0] m_i,
  input  wire [15:0]  word_i
);
`include "sq_formal_claim.svh"
  (* anyconst *) reg [7:0] orbits;
  (* anyconst *) reg [5:0] first;
  (* anyconst *) reg [5:0] second;
  // Reset lasts three clocks, which are long past where an induction begins.
  reg [1:0] age_q `START(0);
  wire busy, closes, weight_we, layer, handing, scalar_we;
  wire [13:0] addr;
  wire [3:0] table_we;
  wire [8:0] table_addr;
  wire [15:0] table_data, scalar_data;
  wire [4:0] pair, scalar_addr;
  wire [5:0] unit;
  wire [31:0] weight_data;
  wire reset = age_q != 3;
`ifdef STEP
  always @* assume (age_q == 3);
`endif
  always @* begin
    assume (orbits >= 1 && first >= 1 && first <= Units && second >= 1 && second <= Units);
    assume (m_i >= -16384 && m_i <= 16384);
    assume (!start_i || age_q == 3 && !busy && !handing);
    assume (!hand_i || age_q == 3 && !busy);
  end
  sq_score_int8_stage #(.Units(Units)) dut (
    .clk_i(clk_i), .rst_i(reset), .rows_i(14'd700), .row_length_i(14'd324), .records_i(14'd6000), .gains_i(14'd600),
    .weights_i(14'd7000), .end_i(14'd500), .orbits_i(orbits), .first_i(first), .second_i(second), .start_i(start_i), .stage_i(stage_i),
    .last_i(last_i), .bank_i(bank_i), .m_i(m_i), .busy_o(busy), .closes_o(closes), .addr_o(addr), .word_i(word_i),
    .table_we_o(table_we), .table_addr_o(table_addr), .table_data_o(table_data), .weight_we_o(weight_we), .weight_layer_o(layer),
    .weight_pair_o(pair), .weight_unit_o(unit), .weight_data_o(weight_data), .hand_i(hand_i), .handing_o(handing),
    .scalar_we_o(scalar_we), .scalar_addr_o(scalar_addr), .scalar_data_o(scalar_data)
  );

  // The bank that was given last.
  reg bank_q, given_q `START(0);
  reg begun_q `START(0);
  always @(posedge clk_i) begin
    if (age_q != 3) age_q <= age_q + 1;
    if (start_i) bank_q <= bank_i;
    given_q <= given_q || start_i;
    begun_q <= begun_q || \dut.begins_q ;
  end

  (* hierconn *) wire \dut.setup_q , \dut.begins_q , \dut.issue_q , \dut.drain_q , \dut.pointers_q , \dut.bank_q , \dut.write_12_q ;
  (* hierconn *) wire \dut.rows_q , \dut.lane_ends_q , \dut.single_q , \dut.pointed_q , \dut.record_q ;
  (* hierconn *) wire [3:0] \dut.timer_q ;
  (* hierconn *) wire [4:0] \dut.part_q ;
  (* hierconn *) wire [5:0] \dut.lane_q , \dut.lanes_left_q , \dut.last_lane_q ;
  (* hierconn *) wire [10:0] \dut.write_q ;
  (* hierconn *) wire [5:0] \dut.first_q ;
  (* hierconn *) wire signed [15:0] \dut.w0_q , \dut.w1_q , \dut.w2_q , \dut.w3_q , \dut.b_q ;
  wire [2:0] states = \dut.setup_q + \dut.begins_q + \dut.issue_q + \dut.drain_q + \dut.pointers_q ;
  // Lanes that have been issued, from the last on: after so many clocks of the drain all that they write is written.
  wire [4:0] drained = 5'd15 - \dut.timer_q ;
  wire [10:0] past = ~(11'h7ff << drained);

  // Operands of the products that are in a sum, the last of them in front; more_q: how many there are but one.
  reg [6*16-1:0] operands_q;
  reg [2:0] more_q;
  reg [4:0] products_q `START(0);
  always @(posedge clk_i) begin
    operands_q <= {operands_q[5*16-1:0], \dut.b_q };
    more_q <= \dut.first_q [5] ? 0 : more_q == 7 ? 7 : more_q + 1;
    products_q <= start_i || !given_q ? 0 : products_q != 16 ? products_q + 1 : products_q;
  end
  // The four weights of the rows, from whichever on.
  wire [63:0] four = operands_q[6*16-1:2*16], turned_0 = {\dut.w0_q , \dut.w1_q , \dut.w2_q , \dut.w3_q };
  wire [63:0] turned_1 = {turned_0[47:0], turned_0[63:48]}, turned_2 = {turned_0[31:0], turned_0[63:32]};
  wire [63:0] turned_3 = {turned_0[15:0], turned_0[63:16]};

  always @(posedge clk_i) begin
    if (age_q == 3) begin
      // Writes.
      if (table_we != 0) begin `CLAIM(busy && given_q && table_addr[8] == bank_q && (table_we & table_we - 1) == 0); end
      if (weight_we) begin `CLAIM(busy && given_q && unit[5] == bank_q && table_we == 0); end
      if (scalar_we) begin `CLAIM(handing); end
      // For induction.
      if (given_q) begin `CLAIM(\dut.bank_q == bank_q); end
      `CLAIM(given_q || !busy);
      `CLAIM(states == busy);
      `CLAIM(!\dut.pointed_q || \dut.pointers_q );
      `CLAIM(busy || \dut.write_q == 0 && !\dut.write_12_q && table_we == 0 && !weight_we);
      if (\dut.drain_q ) begin
        `CLAIM((\dut.write_q & past) == 0);
        `CLAIM(\dut.timer_q > 3 || !\dut.write_12_q );
        `CLAIM(\dut.timer_q > 2 || table_we == 0 && !weight_we);
      end
      // Sums: of at most four products in rows, and then of each weight's; of one elsewhere.
      if (products_q == 16) begin
        `CLAIM(more_q <= 3 && (\dut.rows_q || more_q == 0));
        `CLAIM(more_q != 3 || four == turned_0 || four == turned_1 || four == turned_2 || four == turned_3);
      end
      if (\dut.begins_q || \dut.issue_q || \dut.drain_q ) begin
        `CLAIM(\dut.rows_q == (\dut.part_q <= 9));
        `CLAIM(\dut.record_q == (\dut.part_q == 17));
        `CLAIM(\dut.part_q > 9 || \dut.last_lane_q == 3 && !\dut.single_q );
      end
      if (\dut.issue_q ) begin
        `CLAIM(\dut.part_q > 9 || \dut.lane_q + \dut.lanes_left_q == 3 && \dut.lane_ends_q == (\dut.lane_q == 3));
      end else if (begun_q) begin `CLAIM(\dut.lane_q == 0); end
      `CLAIM(begun_q || !\dut.issue_q && !\dut.drain_q && !\dut.pointers_q );
      `CLAIM(begun_q || !\dut.setup_q && !\dut.begins_q || \dut.part_q == 15 || \dut.part_q == 18);
      `CLAIM(begun_q || given_q == busy && products_q <= 2);
      `CLAIM(!\dut.pointers_q || \dut.part_q == 17);
    end
  end
endmodule
