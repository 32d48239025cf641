// sq_board reads what the pass before wrote, and not yet overwrote: every word of the field that a site needs is of the pass's own version.
//
// Extents of up to 2^SitesLog2 sites, starts at every distance from sites + max(1, 20 - columns) on, sweeps and passes that only sum in any
// order, words from outside between passes. Followed is one address, any: which version of its site lies in each of the two fields. Where the
// words are is looked at, not what is in them: arithmetic and noise are not in this.
module sq_formal_board #(
  parameter integer SitesLog2 = 4,
  // One lattice of these extents, or all.
  parameter integer Rows = 0,
  parameter integer Columns = 0
) (
  input  wire                  clk_i,
  input  wire                  start_i,
  input  wire                  commit_i,
  input  wire                  field_we_i,
  input  wire [SitesLog2-1:0]  field_addr_i
);
`include "sq_formal_claim.svh"
  localparam integer S = SitesLog2;
  // From the address of a site to the clock in which its write port has it.
  localparam integer Late = 19;
  (* anyconst *) reg [S:0] sites;
  (* anyconst *) reg [S:0] columns;
  (* anyconst *) reg [S-1:0] chosen;
  wire [S+5:0] distance = sites + (columns < 19 ? 20 - columns : 1);
  always @* assume (sites >= 2 && sites <= 1 << S && columns >= 1 && columns <= sites >> 1 && chosen < sites);

  always @* assume (Rows == 0 || sites == Rows * Columns && columns == Columns);

  reg [3:0] age_q `START(0);
  always @(posedge clk_i) if (age_q != 15) age_q <= age_q + 1;
  wire rst = age_q < 4;
`ifdef STEP
  always @* assume (age_q >= 6);
`endif

  sq_board #(.W(8), .SitesLog2(S), .Bonds(0)) dut (
    .clk_i(clk_i), .rst_i(rst), .phase_i(1'b0), .start_i(start_i), .commit_i(commit_i), .step_i(44'd0), .clear_i(1'b0),
    .sites_i(sites), .columns_i(columns), .last_row_i(sites - columns), .cfg_we_i(1'b0), .cfg_addr_i(4'd0), .cfg_data_i(32'd0),
    .field_we_i(field_we_i), .field_addr_i(field_addr_i), .field_data_i(8'd0)
  );
  (* hierconn *) wire \dut.read_start , \dut.read_done , \dut.bank_q , \dut.bank_above_q , \dut.sweep_q , \dut.other_q , \dut.write_q ;
  (* hierconn *) wire [29:0] \dut.start_q , \dut.commit_q ;
  (* hierconn *) wire [5:0] \dut.sweep_late_q , \dut.neighbours.valid_q ;
  (* hierconn *) wire [12:0] \dut.moving_q ;
  (* hierconn *) wire [S-1:0] \dut.site_q , \dut.addr_here , \dut.addr_above , \dut.addr_below , \dut.neighbours.last_q ;
  (* hierconn *) wire [S:0] \dut.write_addr_q , \dut.sites_q , \dut.columns_q , \dut.last_row_q , \dut.neighbours.left_q ;
  (* hierconn *) wire \dut.neighbours.started_q , \dut.neighbours.running_q ;
  // What the RAMs are given.
  (* hierconn *) wire [S:0] \dut.ram_here.raddr_i , \dut.ram_above.raddr_i , \dut.ram_below.raddr_i , \dut.ram_here.waddr_i ;
  (* hierconn *) wire \dut.ram_here.we_i ;
  wire [S:0] here = \dut.ram_here.raddr_i , above = \dut.ram_above.raddr_i , below = \dut.ram_below.raddr_i , to = \dut.ram_here.waddr_i ;

  // Starts on their way. 30 clocks later they are as far apart as they were: what is assumed of start_i is assumed where they arrive.
  reg [29:0] start_q `START(0), commit_q;
  wire start = start_q[29], commit = commit_q[29];
  // Clocks since the last of them; site t_q - 2 is addressed at 2 to sites + 1.
  reg [S+6:0] t_q `START(0);
  wire at = t_q >= 2 && t_q <= sites + 1;
  wire last = t_q == sites + 1;
  wire [S-1:0] x = t_q - 2;
  always @* begin
    assume (!start || t_q == 0 || t_q >= distance);
    assume (!start_i || age_q >= 6);
    assume (!field_we_i || age_q >= 6 && start_q == 0 && (t_q == 0 || t_q > sites + 22));
  end

  // Whether the pass is a sweep, and how many went before (modulo 4): the version of the field that it reads.
  reg sweep_q;
  reg [1:0] version_q `START(0);
  // Slot n: what was addressed n + 1 clocks ago.
  reg [Late-1:0] at_slot `START(0), moves_slot `START(0), sweep_slot;
  reg [S-1:0] x_slot [0:Late-1];
  reg [1:0] version_slot [0:Late-1];
  // The chosen site: how often it was addressed in a sweep and written, and the version of it in each field.
  reg [1:0] addressed_q `START(0), written_q `START(0), in_0_q `START(0), in_1_q `START(3);
  reg outside_q `START(0);
  wire chosen_now = at && sweep_q && x == chosen;
  wire [Late-1:0] chosen_slot;
  integer i;
  always @(posedge clk_i) begin
    start_q <= rst ? 0 : {start_q[28:0], start_i};
    commit_q <= {commit_q[28:0], commit_i};
    t_q <= rst ? 0 : start ? 1 : t_q == 0 || t_q == sites + 45 ? t_q : t_q + 1;
    if (start) sweep_q <= commit;
    if (rst) version_q <= 0; else if (last && sweep_q) version_q <= version_q + 1;
    at_slot <= rst ? 0 : {at_slot[Late-2:0], at};
    moves_slot <= rst ? 0 : {moves_slot[Late-2:0], at && sweep_q};
    sweep_slot <= {sweep_slot[Late-2:0], sweep_q};
    x_slot[0] <= x;
    version_slot[0] <= rst ? 0 : version_q;
    for (i = 1; i < Late; i = i + 1) begin
      x_slot[i] <= x_slot[i-1];
      version_slot[i] <= rst ? 0 : version_slot[i-1];
    end
    if (chosen_now) addressed_q <= addressed_q + 1;
    if (chosen_slot[Late-1]) begin
      written_q <= written_q + 1;
      if (to[S]) in_1_q <= written_q + 1; else in_0_q <= written_q + 1;
    end
    outside_q <= field_we_i;
  end

  // What is needed in this clock: of the row below from one clock before the first site on, of the row above to one clock behind the last.
  // A word is of the version that the pass reads, and not being written.
  wire needs_here = at && here[S-1:0] == chosen;
  wire needs_below = (at || t_q == 1) && below[S-1:0] == chosen;
  wire needs_above = (at || at_slot[0]) && above[S-1:0] == chosen;
  always @(posedge clk_i) if (age_q >= 4) begin
    if (needs_here) begin `CLAIM((here[S] ? in_1_q : in_0_q) == version_q && !(\dut.ram_here.we_i && to == here)); end
    if (needs_below) begin `CLAIM((below[S] ? in_1_q : in_0_q) == version_q && !(\dut.ram_here.we_i && to == below)); end
    if (needs_above) begin `CLAIM((above[S] ? in_1_q : in_0_q) == version_slot[0] && !(\dut.ram_here.we_i && to == above)); end
    // A sweep writes each of its sites once, in order, 18 clocks after its address; a pass that sums writes nothing.
    `CLAIM(\dut.moving_q [12] == moves_slot[17]);
    if (moves_slot[17]) begin `CLAIM(\dut.site_q == x_slot[17]); end
    // Nothing 53 + sites clocks after start_i.
    if (t_q > sites + 20 || t_q == 0) begin `CLAIM(!\dut.write_q || outside_q); end
    // From outside: into the field that is read next.
    if (outside_q) begin `CLAIM(\dut.write_q && \dut.write_addr_q [S] == \dut.bank_q ); end
  end

  // For induction.
  // The chosen site is in one slot at most: starts are at least 21 clocks apart.
  wire [Late:0] pending;
  assign pending[0] = 0;
  genvar n;
  generate
    for (n = 0; n < Late; n = n + 1) begin : slot
      assign chosen_slot[n] = moves_slot[n] && x_slot[n] == chosen;
      wire [S-1:0] x_before = n == 0 ? x : x_slot[n == 0 ? 0 : n - 1];
      wire moves_before = n == 0 ? at && sweep_q : moves_slot[n == 0 ? 0 : n - 1];
      wire sweep_before = n == 0 ? sweep_q : sweep_slot[n == 0 ? 0 : n - 1];
      wire at_before = n == 0 ? at : at_slot[n == 0 ? 0 : n - 1];
      wire [1:0] version_before = n == 0 ? version_q : version_slot[n == 0 ? 0 : n - 1];
      assign pending[n+1] = pending[n] || chosen_slot[n];
      always @(posedge clk_i) if (age_q >= 4) begin
        `CLAIM(!moves_slot[n] || at_slot[n]);
        if (at_before) begin `CLAIM(sweep_slot[n] == sweep_before && moves_before == sweep_before); end
        if (moves_before) begin `CLAIM(moves_slot[n] ? x_before == x_slot[n] + 1 && x_slot[n] != sites - 1 : x_before == 0); end
        else if (moves_slot[n]) begin `CLAIM(x_slot[n] == sites - 1); end
        `CLAIM(version_before == version_slot[n] + (moves_slot[n] && x_slot[n] == sites - 1));
        // Of this pass, or of one that started early enough.
        if (at_slot[n]) begin `CLAIM(x_slot[n] < sites); end
        if (at_slot[n]) begin `CLAIM(t_q == x_slot[n] + n + 3 || t_q >= 1 && t_q + distance <= x_slot[n] + n + 3); end
        if (chosen_slot[n]) begin `CLAIM(version_slot[n] == (addressed_q - 1 & 3) && !pending[n] && !chosen_now); end
      end
    end
  endgenerate
  wire [1:0] addressed = version_q + (at && sweep_q && t_q >= chosen + 3);
  wire [1:0] written = addressed_q - pending[Late];
  always @(posedge clk_i) if (age_q >= 4) begin
    `CLAIM(\dut.start_q == start_q && \dut.sites_q == sites && \dut.columns_q == columns && \dut.last_row_q == sites - columns);
    `CLAIM(((\dut.commit_q ^ commit_q) & start_q) == 0);
    `CLAIM(\dut.neighbours.last_q == sites - 1 || age_q < 5);
    `CLAIM(t_q <= sites + 45);
    `CLAIM(\dut.neighbours.started_q == (t_q == 1));
    `CLAIM(\dut.neighbours.left_q == (t_q == 0 || t_q > sites ? 0 : sites + 1 - t_q));
    `CLAIM(\dut.neighbours.running_q == (\dut.neighbours.left_q != 0));
    `CLAIM(\dut.neighbours.valid_q == {at_slot[4:0], at});
    if (t_q == 1) begin `CLAIM(\dut.addr_here == sites - 1 && \dut.addr_above == sites - columns && \dut.addr_below == columns - 1); end
    if (at) begin
      `CLAIM(\dut.addr_here == x);
      `CLAIM(\dut.addr_above == (x < columns ? x + sites - columns : x - columns));
      `CLAIM(\dut.addr_below == (x + columns >= sites ? x + columns - sites : x + columns));
    end
    if (t_q == sites + 2) begin `CLAIM(\dut.addr_above == sites - columns); end
    if (t_q != 0) begin `CLAIM(\dut.sweep_q == sweep_q); end
    `CLAIM(\dut.bank_q == version_q[0] && \dut.bank_above_q == version_slot[0][0]);
    for (i = 0; i < 6; i = i + 1) if (at_slot[i] || i != 0 && at_slot[i-1] || i == 0 && at) begin `CLAIM(\dut.sweep_late_q [i] == sweep_slot[i]); end
    `CLAIM(\dut.moving_q == moves_slot[17:5]);
    if (!moves_slot[17]) begin `CLAIM(\dut.site_q == 0); end
    `CLAIM(\dut.other_q == !version_slot[17][0]);
    `CLAIM(\dut.write_q == (moves_slot[18] || outside_q));
    if (moves_slot[18]) begin `CLAIM(\dut.write_addr_q == {!version_slot[18][0], x_slot[18]} && !outside_q); end
    if (outside_q) begin `CLAIM(t_q == 0 || t_q > sites + 22); end
    `CLAIM(addressed_q == addressed);
    `CLAIM(written_q == written);
    `CLAIM((written_q[0] ? in_1_q : in_0_q) == written_q && (written_q[0] ? in_0_q : in_1_q) == (written_q - 1 & 3));
  end
endmodule
