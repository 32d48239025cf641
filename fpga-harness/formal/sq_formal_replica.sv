// When sq_replica begins passes, as its chains see it, and when it says that it is done. Without chains: board.sby is about them.
//
// Any number of sweeps, all extents. Assumed of whoever drives it: registers are written and runs begin while busy_o is 0, and a run begins
// three clocks after the last write at the earliest; reset is held for three clocks.
module sq_formal_replica #(
  parameter integer SitesLog2 = 11
) (
  input  wire         clk_i,
  input  wire         cfg_we_i,
  input  wire [3:0]   cfg_addr_i,
  input  wire [31:0]  cfg_data_i,
  input  wire         run_i,
  input  wire [31:0]  sweeps_i,
  input  wire         measure_i,
  input  wire         abort_i
);
`include "sq_registers_gen.svh"
`include "sq_formal_claim.svh"
  localparam integer S = SitesLog2;
  wire busy;
  wire [43:0] step;
  reg [3:0] age_q `START(0);
  sq_replica #(.SitesLog2(S), .Pipes(1)) dut (
    .clk_i(clk_i), .rst_i(age_q < 3), .cfg_we_i(cfg_we_i), .cfg_pipe_i(8'd0), .cfg_addr_i(cfg_addr_i), .cfg_data_i(cfg_data_i),
    .run_i(run_i), .sweeps_i(sweeps_i), .measure_i(measure_i), .abort_i(abort_i), .busy_o(busy), .step_o(step),
    .sel_i(8'd0), .field_we_i(1'b0), .field_addr_i({S{1'b0}}), .field_data_i(18'd0)
  );
  (* hierconn *) wire \dut.phase_all_q , \dut.start_all_q , \dut.commit_all_q ;
  (* hierconn *) wire [43:0] \dut.step_all_q ;
  wire start = \dut.start_all_q ;

  // The lattice, as written last, and whether it is one.
  reg [S:0] sites_q, columns_q;
  reg [2:0] settled_q `START(0);
  reg [1:0] set_q `START(0);
  wire lattice = set_q == 3 && sites_q >= 2 && sites_q <= 1 << S && columns_q >= 1 && columns_q <= sites_q >> 1;
  always @(posedge clk_i) begin
    settled_q <= cfg_we_i ? 0 : settled_q == 7 ? 7 : settled_q + 1;
    if (cfg_we_i && cfg_addr_i == RegSites) sites_q <= cfg_data_i[S:0];
    if (cfg_we_i && cfg_addr_i == RegColumns) columns_q <= cfg_data_i[S:0];
    if (cfg_we_i) set_q <= set_q | {cfg_addr_i == RegColumns, cfg_addr_i == RegSites};
    if (age_q != 15) age_q <= age_q + 1;
  end
`ifdef STEP
  always @* assume (age_q >= 4);
`endif
  always @* begin
    assume (!(cfg_we_i && busy));
    assume (!(run_i && (busy || !lattice || settled_q < 2 || cfg_we_i || age_q < 8)));
    assume (!(cfg_we_i && age_q < 4));
  end

  // Clocks since the chains' last start, to 128 beyond what was due then; 0 before the first.
  reg [15:0] since_q `START(0), due_q `START(0), sites_then_q;
  // Passes of this run, and what was asked.
  reg [32:0] swept_q `START(0), asked_q `START(0);
  reg summed_q `START(0), sum_asked_q `START(0), aborted_q `START(0), late_q `START(0), late_2_q `START(0), busy_q `START(0);
  reg [2:0] idle_q `START(0);
  reg [43:0] step_run_q;

  // State of the design.
  (* hierconn *) wire \dut.phase_q , \dut.active_q , \dut.measure_q , \dut.start_q , \dut.commit_q , \dut.last_q , \dut.cfg_we_q , \dut.more_q , \dut.changed_q ;
  (* hierconn *) wire [31:0] \dut.left_q ;
  (* hierconn *) wire [S+1:0] \dut.timer_q , \dut.period_q ;
  (* hierconn *) wire [S:0] \dut.sites_q , \dut.columns_q , \dut.last_row_q ;
  (* hierconn *) wire [5:0] \dut.drain_q ;
  (* hierconn *) wire [3:0] \dut.cfg_addr_q ;
  (* hierconn *) wire [31:0] \dut.cfg_data_q ;
  wire active = \dut.active_q , commit = \dut.commit_all_q ;
  wire waiting = \dut.left_q != 0 || \dut.measure_q ;

  wire [S+2:0] wait_for = columns_q < 19 ? 20 - columns_q : 1;
  // What sq_board asks for, made even.
  wire [S+2:0] period = (sites_q + wait_for + 1) & ~1;
  always @(posedge clk_i) begin
    since_q <= age_q < 4 ? 0 : start ? 1 : since_q == 0 || since_q >= due_q + 128 ? since_q : since_q + 1;
    if (start) begin
      due_q <= sites_q + wait_for;
      sites_then_q <= sites_q;
    end
    if (run_i) begin
      swept_q <= 0;
      summed_q <= 0;
      asked_q <= abort_i ? 0 : sweeps_i;
      sum_asked_q <= measure_i && !abort_i;
      aborted_q <= abort_i;
      step_run_q <= step;
    end else begin
      if (start && commit) swept_q <= swept_q + 1;
      if (start && !commit) summed_q <= 1;
      if (abort_i) aborted_q <= 1;
    end
    late_q <= aborted_q;
    late_2_q <= late_q;
    busy_q <= busy;
    idle_q <= active || !waiting ? 0 : idle_q == 4 ? 4 : idle_q + 1;
  end

  always @(posedge clk_i) if (age_q >= 4) begin
    if (start) begin
      // A pass begins in a clock with phase 1, an even number of clocks after the one before, and late enough.
      `CLAIM(\dut.phase_all_q );
      `CLAIM(since_q == 0 || since_q >= due_q);
      `CLAIM(since_q == 0 || since_q >= due_q + 128 || !since_q[0]);
      `CLAIM(busy);
      // Extents have arrived.
      `CLAIM(\dut.sites_q == sites_q && \dut.columns_q == columns_q && \dut.last_row_q == sites_q - columns_q);
      // Never more than asked, the sum after all sweeps; nothing begins three clocks after an abort.
      if (commit) begin `CLAIM(swept_q < asked_q && !summed_q); end
      else begin `CLAIM(sum_asked_q && !summed_q && (aborted_q || swept_q == asked_q)); end
      `CLAIM(!late_2_q);
    end
    // From a pass's start to the next it is told the number of its step.
    if (busy && active && !\dut.start_q && !start && commit) begin `CLAIM(\dut.step_all_q == step_run_q + swept_q - 1); end
    if (start && commit) begin `CLAIM(\dut.step_all_q == step_run_q + swept_q); end
    // What waits is begun.
    `CLAIM(idle_q < 4);
    if (busy_q && !busy) begin
      // Done: everything asked for, or less after an abort. The last pass, which takes 53 + sites clocks from its start, is over.
      if (!aborted_q) begin `CLAIM(swept_q == asked_q && summed_q == sum_asked_q); end
      `CLAIM(step == step_run_q + swept_q);
      `CLAIM(since_q == 0 || since_q > sites_then_q + 53);
    end
  end

  // For induction: what the state of the design is, by the clock and the counts above.
  wire begun = \dut.start_q || start;
  wire [32:0] swept = swept_q + (\dut.start_q && \dut.commit_q ) + (start && commit);
  wire summed = summed_q || \dut.start_q && !\dut.commit_q || start && !commit;
  always @(posedge clk_i) if (age_q >= 4) begin
    `CLAIM(\dut.phase_all_q == !\dut.phase_q );
    `CLAIM(since_q <= due_q + 128);
    if (since_q != 0) begin `CLAIM(due_q >= sites_then_q + 1 && due_q <= sites_then_q + 19 && sites_then_q >= 2 && sites_then_q <= 1 << S); end
    if (busy) begin
      `CLAIM(lattice && !\dut.cfg_we_q && settled_q >= 3);
      `CLAIM(step + (active && \dut.commit_q ) == step_run_q + swept);
      `CLAIM(aborted_q || swept + \dut.left_q == asked_q && (summed || \dut.measure_q ) == sum_asked_q);
      `CLAIM(swept <= asked_q && (!summed || sum_asked_q));
      if (!begun && active) begin `CLAIM(\dut.commit_q == commit); end
    end
    if (set_q[0]) begin `CLAIM(sites_q == (\dut.cfg_we_q && \dut.cfg_addr_q == RegSites ? \dut.cfg_data_q [S:0] : \dut.sites_q )); end
    if (set_q[1]) begin `CLAIM(columns_q == (\dut.cfg_we_q && \dut.cfg_addr_q == RegColumns ? \dut.cfg_data_q [S:0] : \dut.columns_q )); end
    if (settled_q >= 2 && lattice) begin
      `CLAIM(\dut.sites_q == sites_q && \dut.columns_q == columns_q && \dut.last_row_q == sites_q - columns_q);
      `CLAIM(\dut.period_q == period);
    end
    // Seen a clock late, when nothing can begin.
    `CLAIM(\dut.changed_q || \dut.start_q || \dut.more_q == (\dut.left_q != 0));
    `CLAIM(!(summed && \dut.measure_q ));
    if (summed) begin `CLAIM(\dut.left_q == 0); end
    if (active || waiting) begin `CLAIM(\dut.drain_q == 63); end
    if (aborted_q) begin `CLAIM(!waiting); end
    if (late_q) begin `CLAIM(!\dut.start_q ); end
    `CLAIM(\dut.last_q == (active && \dut.timer_q == 2));
    if (active) begin
      `CLAIM(\dut.timer_q [0] == \dut.phase_q );
      `CLAIM(\dut.timer_q >= 2 && \dut.timer_q <= period + 1);
      `CLAIM(!(\dut.start_q && start));
      if (\dut.start_q ) begin `CLAIM(\dut.timer_q == period + 1); end
      else if (start) begin `CLAIM(\dut.timer_q == period); end
      else begin `CLAIM(\dut.timer_q + since_q == period && since_q >= 1 && due_q == sites_q + wait_for && sites_then_q == sites_q); end
    end else begin
      `CLAIM(!begun);
      if (busy && since_q != 0) begin `CLAIM(since_q + \dut.drain_q >= sites_then_q + 63 || since_q >= due_q + 128); end
      if (since_q != 0) begin `CLAIM(since_q >= due_q - 1); end
    end
    if (begun) begin `CLAIM(since_q == 0 || since_q + \dut.start_q >= due_q); end
    if (since_q != 0 && since_q < due_q + 128) begin `CLAIM(since_q[0] == \dut.phase_q ); end
  end
endmodule
