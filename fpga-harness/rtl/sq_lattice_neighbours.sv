// A field site after site, each with the sum of its neighbours. Twin of core/src/lattice/neighbours.rs, for two dimensions.
//
// Three copies of the field are read at x (here), x - columns (above) and x + columns (below), all modulo the volume: two fields each, one
// that is read while the other is written. No row is read twice, so a sweep takes as many clocks as it has sites. At the ends of a row the
// neighbours come from the streams beside: what follows in the row above (x, columns - 1) is (x, 0) of this row, and what preceded in the
// row below is (x, columns - 1). All extents work, one among them.
//
//   start_i        1 in one clock; site 0 is addressed two clocks later, and then a site a clock
//   sites_i        volume; columns_i: the faster extent; last_row_i: their difference
//   idle_addr_i    what addr_here_o follows, two clocks later, while no site is addressed
//   addr_*_o       addresses of block RAMs of latency 2, whose words are here_i, above_i, below_i
//   done_o         1 in the clock in which the last site is addressed; addr_above_o follows until the next, as its field must
//   phi_o, nn_o    7 clocks after start_i for site 0: φ and, W + 2 bits, the sum over its four neighbours; valid_o beside them
//
// Between two starts there are at least sites + 1 clocks.
module sq_lattice_neighbours #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10
) (
  input  wire                        clk_i,
  input  wire                        rst_i,
  input  wire                        start_i,
  input  wire        [SitesLog2:0]   sites_i,
  input  wire        [SitesLog2:0]   columns_i,
  input  wire        [SitesLog2:0]   last_row_i,
  input  wire        [SitesLog2-1:0] idle_addr_i,
  output wire        [SitesLog2-1:0] addr_here_o,
  output wire        [SitesLog2-1:0] addr_above_o,
  output wire        [SitesLog2-1:0] addr_below_o,
  input  wire signed [W-1:0]         here_i,
  input  wire signed [W-1:0]         above_i,
  input  wire signed [W-1:0]         below_i,
  output wire                        done_o,
  output wire signed [W-1:0]         phi_o,
  output wire signed [W+1:0]         nn_o,
  output wire                        valid_o
);
  // Counted from the address before the first, which only the row below needs; the row above needs the one behind the last, in the same
  // clock if passes follow at once. Where it turns to the first row, both are the first of the last row.
  reg started_q;
  reg [SitesLog2-1:0] here_q, above_q, below_q, last_q, idle_q;
  reg [SitesLog2:0] left_q;
  // left_q is not 0.
  reg running_q;
  always_ff @(posedge clk_i) begin
    last_q <= sites_i[SitesLog2-1:0] - 1'b1;
    idle_q <= idle_addr_i;
    here_q <= start_i ? last_q : !running_q ? idle_q : here_q == last_q ? {SitesLog2{1'b0}} : here_q + 1'b1;
    started_q <= start_i;
    above_q <= start_i ? last_row_i[SitesLog2-1:0] : started_q ? above_q : above_q == last_q ? {SitesLog2{1'b0}} : above_q + 1'b1;
    below_q <= start_i ? columns_i[SitesLog2-1:0] - 1'b1 : below_q == last_q ? {SitesLog2{1'b0}} : below_q + 1'b1;
    if (rst_i) left_q <= {(SitesLog2+1){1'b0}};
    else if (start_i) left_q <= sites_i;
    else if (running_q) left_q <= left_q - 1'b1;
    running_q <= !rst_i && (start_i || left_q[SitesLog2:1] != {SitesLog2{1'b0}});
  end
  assign addr_here_o = here_q;
  assign addr_above_o = above_q;
  assign addr_below_o = below_q;

  // valid_q[n] is of the site that was addressed n clocks ago; at 2 its word leaves the RAM, at 3 it stands between its neighbours.
  reg [5:0] valid_q;
  reg signed [W-1:0] phi_q, before_q, above_row_q, below_row_q, below_before_q;
  // Column of the site at 2, from 1 on.
  reg [SitesLog2:0] column_q;
  reg first_q, last_column_q;
  wire end_of_row = column_q == columns_i;
  localparam [SitesLog2:0] One = 1;
  always_ff @(posedge clk_i) begin
    valid_q <= rst_i ? 6'd0 : {valid_q[4:0], running_q};
    phi_q <= here_i;
    before_q <= phi_q;
    above_row_q <= above_i;
    below_row_q <= below_i;
    below_before_q <= below_row_q;
    column_q <= !valid_q[2] || end_of_row ? One : column_q + One;
    first_q <= column_q == One;
    last_column_q <= end_of_row;
  end
  assign done_o = valid_q[0] && !running_q;

  wire signed [W-1:0] left = first_q ? below_before_q : before_q;
  wire signed [W-1:0] right = last_column_q ? above_i : here_i;
  reg signed [W:0] across_q, along_q;
  reg signed [W+1:0] nn_q;
  reg signed [W-1:0] phi_1_q, phi_2_q;
  always_ff @(posedge clk_i) begin
    along_q <= {left[W-1], left} + {right[W-1], right};
    across_q <= {above_row_q[W-1], above_row_q} + {below_row_q[W-1], below_row_q};
    nn_q <= {along_q[W], along_q} + {across_q[W], across_q};
    phi_1_q <= phi_q;
    phi_2_q <= phi_1_q;
  end
  assign phi_o = phi_2_q;
  assign nn_o = nn_q;
  assign valid_o = valid_q[5];

  wire unused = &{1'b0, last_row_i[SitesLog2]};
endmodule
