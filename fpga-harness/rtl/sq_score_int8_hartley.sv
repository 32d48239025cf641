// One pass of the Hartley transform, out_jk = Σ_i x_ij·H_ik, transposed: two passes are T. Twin of
// core/src/score/int8/hartley.rs.
//
// Numbers come in one a clock and are handed from lane to lane. Each lane makes one column k of a row at a time: H_ik is
// the number i·k mod L of its line. Sums leave the lanes one after the other, into one rounding. With more lanes than
// columns those beyond are idle.
//
//   log2_i        L = 2^log2_i, from 4 to 2^MaxLog2
//   shift_i       2 to 15, constant during a pass
//   line_*        writes number line_addr_i of the first line of H, between passes: 13 fractional bits
//   start_i       a pass begins
//   addr_o        of a number of x, row-major; x_i: that number, Read clocks later. 16 bits signed, above -2^15
//   out_*_o       when out_valid_o: a sum, rounded and saturated, of address j·L + k, in this order
//   done_o        beside the last of them
//
// A pass takes L²·max(1, L/Lanes) + min(L, Lanes) + Read + 11 clocks.
module sq_score_int8_hartley #(
  parameter integer Lanes = 16,
  parameter integer MaxLog2 = 5,
  parameter integer Read = 2
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire        [2:0]            log2_i,
  input  wire        [4:0]            shift_i,
  input  wire                         line_we_i,
  input  wire        [MaxLog2-1:0]    line_addr_i,
  input  wire        [15:0]           line_data_i,
  input  wire                         start_i,
  output wire        [2*MaxLog2-1:0]  addr_o,
  input  wire signed [15:0]           x_i,
  output wire                         out_valid_o,
  output wire        [2*MaxLog2-1:0]  out_addr_o,
  output wire signed [15:0]           out_o,
  output wire                         done_o
);
  localparam integer LanesLog2 = $clog2(Lanes);
  // Lanes whose sums are brought together first.
  localparam integer Together = Lanes < 4 ? Lanes : 4;
  localparam integer Groups = Lanes / Together;

  // i fastest, then the group of columns, then j.
  reg [2:0] log2_q;
  reg [MaxLog2-1:0] last_q, last_group_q, i_q, group_q, j_q;
  reg run_q;
  wire [MaxLog2:0] extent = {{MaxLog2{1'b0}}, 1'b1} << log2_i;
  wire end_i = i_q == last_q;
  wire end_group = group_q == last_group_q;
  wire end_j = j_q == last_q;
  always_ff @(posedge clk_i) begin
    log2_q <= log2_i;
    last_q <= extent[MaxLog2-1:0] - 1'b1;
    last_group_q <= last_q >> LanesLog2;
    if (rst_i) run_q <= 1'b0;
    else if (start_i) run_q <= 1'b1;
    else if (end_i && end_group && end_j) run_q <= 1'b0;
    i_q <= start_i || end_i ? {MaxLog2{1'b0}} : i_q + 1'b1;
    if (start_i) group_q <= {MaxLog2{1'b0}};
    else if (end_i) group_q <= end_group ? {MaxLog2{1'b0}} : group_q + 1'b1;
    if (start_i) j_q <= {MaxLog2{1'b0}};
    else if (end_i && end_group) j_q <= j_q + 1'b1;
  end

  // Beside a number, from its address on: whether it is the first or the last of a sum, and for which columns.
  reg [2*MaxLog2-1:0] addr_q;
  reg [Read:0] first_q, end_q;
  reg [(Read+1)*MaxLog2-1:0] columns_q;
  always_ff @(posedge clk_i) begin
    addr_q <= {{MaxLog2{1'b0}}, i_q} << log2_q | {{MaxLog2{1'b0}}, j_q};
    first_q <= {first_q[Read-1:0], i_q == {MaxLog2{1'b0}}};
    end_q <= rst_i ? {(Read+1){1'b0}} : {end_q[Read-1:0], run_q && end_i};
    columns_q <= {columns_q[Read*MaxLog2-1:0], group_q};
  end
  assign addr_o = addr_q;

  wire [Lanes:0] first, last;
  wire [(Lanes+1)*16-1:0] x;
  wire [(Lanes+1)*MaxLog2-1:0] columns;
  wire [Lanes-1:0] full;
  wire [Lanes*32-1:0] sums;
  assign first[0] = first_q[Read];
  assign last[0] = end_q[Read];
  assign x[15:0] = x_i;
  assign columns[MaxLog2-1:0] = columns_q[(Read+1)*MaxLog2-1:Read*MaxLog2];
  genvar n;
  generate
    for (n = 0; n < Lanes; n = n + 1) begin : lane
      localparam [31:0] Column = n;
      (* ram_style = "distributed" *) reg [15:0] line [0:(1 << MaxLog2)-1];
      reg [15:0] x_q, h_q;
      reg [MaxLog2-1:0] columns_here_q, at_q;
      // A column beyond the last is no column.
      reg column_q, first_here_q, last_here_q;
      reg [2:0] first_late_q, last_late_q;
      reg [15:0] x_late_q;
      reg signed [31:0] sum_q;
      reg full_q;
      wire signed [31:0] product;
      // k; i·k mod L grows by it.
      wire [MaxLog2-1:0] k = columns[n*MaxLog2 +: MaxLog2] << LanesLog2 | Column[MaxLog2-1:0];
      always_ff @(posedge clk_i) begin
        if (line_we_i) line[line_addr_i] <= line_data_i;
        column_q <= Column < {{(31-MaxLog2){1'b0}}, extent};
        x_q <= x[n*16 +: 16];
        columns_here_q <= columns[n*MaxLog2 +: MaxLog2];
        first_here_q <= first[n];
        last_here_q <= last[n];
        at_q <= first[n] ? {MaxLog2{1'b0}} : (at_q + k) & last_q;
        x_late_q <= x_q;
        h_q <= line[at_q];
        first_late_q <= {first_late_q[1:0], first_here_q};
        last_late_q <= rst_i ? 3'd0 : {last_late_q[1:0], last_here_q && column_q};
        sum_q <= (first_late_q[2] ? 32'd0 : sum_q) + product;
        full_q <= last_late_q[2];
      end
      sq_prim_mult #(.A(16), .B(16)) mult (.clk_i(clk_i), .a_i(x_late_q), .b_i(h_q), .p_o(product));
      assign first[n+1] = first_here_q;
      assign last[n+1] = last_here_q;
      assign x[(n+1)*16 +: 16] = x_q;
      assign columns[(n+1)*MaxLog2 +: MaxLog2] = columns_here_q;
      assign full[n] = full_q;
      assign sums[n*32 +: 32] = full_q ? sum_q : 32'd0;
    end
  endgenerate

  // A lane is full in the clock after the one before it, for that clock: one sum a clock, from four lanes, then from all.
  reg [Groups*32-1:0] group_sum_q, group_sum;
  reg signed [31:0] one_q;
  reg [31:0] one;
  reg any_q, valid_q;
  integer g, m;
  always_comb begin
    one = 32'd0;
    for (g = 0; g < Groups; g = g + 1) begin
      group_sum[g*32 +: 32] = 32'd0;
      for (m = 0; m < Together; m = m + 1)
        group_sum[g*32 +: 32] = group_sum[g*32 +: 32] | sums[(g*Together+m)*32 +: 32];
      one = one | group_sum_q[g*32 +: 32];
    end
  end
  always_ff @(posedge clk_i) begin
    group_sum_q <= group_sum;
    one_q <= one;
    any_q <= |full;
    valid_q <= !rst_i && any_q;
  end
  sq_score_int8_arithmetic_round #(.In(32), .Out(16)) rounding (
    .clk_i(clk_i), .shift_i(shift_i), .x_i(one_q), .y_o(out_o)
  );

  reg [3:0] out_valid_q;
  reg [2*MaxLog2-1:0] out_addr_q, end_addr_q;
  always_ff @(posedge clk_i) begin
    out_valid_q <= rst_i ? 4'd0 : {out_valid_q[2:0], valid_q};
    end_addr_q <= ({{(2*MaxLog2-1){1'b0}}, 1'b1} << {log2_q, 1'b0}) - 1'b1;
    if (start_i) out_addr_q <= {2*MaxLog2{1'b0}};
    else if (out_valid_q[3]) out_addr_q <= out_addr_q + 1'b1;
  end
  assign out_valid_o = out_valid_q[3];
  assign out_addr_o = out_addr_q;
  assign done_o = out_valid_q[3] && out_addr_q == end_addr_q;

  wire unused = &{1'b0, first[Lanes], last[Lanes], x[Lanes*16 +: 16], columns[Lanes*MaxLog2 +: MaxLog2]};
endmodule
