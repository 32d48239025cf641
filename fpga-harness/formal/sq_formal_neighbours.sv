// sq_lattice_neighbours against counters of rows and columns: which site comes when, where it is read, and which words its sum is of.
//
// All extents with at most 2^SitesLog2 sites, starts at every distance from sites + 1 on. The field is 1 at one site, any, and 0 elsewhere:
// words pass through unchanged and only sums are made, so a sum that is right for each of these fields is of the right words.
module sq_formal_neighbours #(
  parameter integer SitesLog2 = 4
) (
  input  wire                  clk_i,
  input  wire                  start_i,
  input  wire [SitesLog2-1:0]  idle_addr_i
);
  localparam integer S = SitesLog2;
  (* anyconst *) reg [S:0] rows;
  (* anyconst *) reg [S:0] columns;
  (* anyconst *) reg [S:0] sites;
  (* anyconst *) reg [S-1:0] chosen;
  wire [2*S+1:0] product = rows * columns;
  // Clocks since the last start, in those in which it counts: 1 behind start_i; site t_q - 2 is addressed at 2 to sites + 1.
  reg [S+1:0] t_q = 0;
  reg [3:0] age_q = 0;
  always @* begin
    assume (rows >= 2 && columns >= 1 && product == sites && sites <= 1 << S && chosen < sites);
    assume (!start_i || age_q >= 3 && (t_q == 0 || t_q >= sites + 1));
  end
  always @(posedge clk_i) begin
    if (age_q != 12) age_q <= age_q + 1;
    t_q <= start_i ? 1 : t_q == 0 || t_q == sites + 2 ? t_q : t_q + 1;
  end

  wire [S-1:0] addr_here, addr_above, addr_below;
  reg here_q, above_q, below_q, here_2_q, above_2_q, below_2_q;
  wire done, valid;
  wire signed [3:0] phi;
  wire signed [5:0] nn;
  sq_lattice_neighbours #(.W(4), .SitesLog2(S)) dut (
    .clk_i(clk_i), .rst_i(age_q == 0), .start_i(start_i), .sites_i(sites), .columns_i(columns), .last_row_i(sites - columns),
    .idle_addr_i(idle_addr_i), .addr_here_o(addr_here), .addr_above_o(addr_above), .addr_below_o(addr_below),
    .here_i({3'd0, here_2_q}), .above_i({3'd0, above_2_q}), .below_i({3'd0, below_2_q}), .done_o(done), .phi_o(phi), .nn_o(nn),
    .valid_o(valid)
  );
  // RAMs.
  always @(posedge clk_i) begin
    here_q <= addr_here == chosen;
    above_q <= addr_above == chosen;
    below_q <= addr_below == chosen;
    here_2_q <= here_q;
    above_2_q <= above_q;
    below_2_q <= below_q;
  end

  // The site that is addressed, by row and column, and the first sites of its row and of the one above.
  wire at = t_q >= 2 && t_q <= sites + 1;
  reg [S:0] row_q, column_q, base_q, base_above_q;
  wire end_of_row = column_q == columns - 1;
  always @(posedge clk_i) begin
    if (t_q == 1) begin
      row_q <= 0;
      column_q <= 0;
      base_q <= 0;
      base_above_q <= sites - columns;
    end else if (at) begin
      column_q <= end_of_row ? 0 : column_q + 1;
      if (end_of_row) begin
        row_q <= row_q + 1;
        base_q <= base_q + columns;
        base_above_q <= base_q;
      end
    end
  end
  wire [S:0] x = base_q + column_q, above = base_above_q + column_q;
  wire [S:0] below = (row_q + 1 == rows ? 0 : base_q + columns) + column_q;
  wire [S:0] left = base_q + (column_q == 0 ? columns - 1 : column_q - 1), right = base_q + (end_of_row ? 0 : column_q + 1);
  wire [2:0] expected = (above == chosen) + (below == chosen) + (left == chosen) + (right == chosen);

  // What is expected of each clock's site, until it comes out five clocks later.
  reg [5:0] at_q = 0;
  reg [5:0] own_q;
  reg [17:0] sum_q;
  reg [S:0] column_1_q, column_2_q;
  always @(posedge clk_i) begin
    at_q <= {at_q[4:0], at};
    own_q <= {own_q[4:0], x == chosen};
    sum_q <= {sum_q[14:0], expected};
    column_1_q <= column_q;
    column_2_q <= column_1_q;
  end

  (* hierconn *) wire [S:0] \dut.left_q , \dut.column_q ;
  (* hierconn *) wire [S-1:0] \dut.last_q ;
  (* hierconn *) wire [5:0] \dut.valid_q ;
  (* hierconn *) wire \dut.started_q ;
  wire [2*S+1:0] row_base = row_q * columns;
  always @(posedge clk_i) begin
    if (age_q >= 4) begin
      // One after the other, exactly sites of them, 7 clocks after start_i.
      assert (valid == at_q[4]);
      if (valid) begin
        assert (phi == {3'd0, own_q[4]});
        assert (nn == {3'd0, sum_q[14:12]});
      end
      assert (done == (t_q == sites + 1));
      if (at) begin
        assert (addr_here == x);
        assert (x == t_q - 2);
        // Modulo the volume; of the row above that is needed until one behind the last.
        assert (addr_above == (x < columns ? x + sites - columns : x - columns));
        assert (addr_below == (x + columns >= sites ? x + columns - sites : x + columns));
      end
      // For induction.
      assert (\dut.last_q == sites - 1);
      assert (t_q <= sites + 2);
      assert (\dut.started_q == (t_q == 1));
      assert (\dut.left_q == (t_q == 0 || t_q > sites ? 0 : sites + 1 - t_q));
      assert (\dut.valid_q [4:0] == {at_q[3:0], at});
      assert (\dut.column_q == (at_q[1] ? column_2_q + 1 : 1));
      if (t_q == 1) assert (addr_here == sites - 1 && addr_above == sites - columns && addr_below == columns - 1);
      if (at) begin
        assert (column_q < columns && row_q < rows && base_q == row_base);
        assert (base_above_q == (row_q == 0 ? sites - columns : base_q - columns));
      end
    end
  end
  always @(posedge clk_i) if (age_q < 3) assert (t_q == 0);
endmodule
