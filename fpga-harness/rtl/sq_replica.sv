// Chains side by side, in step. Hardware only: on a processor chains are independent objects.
//
//   SitesLog2   at least 4; rst_i lasts three clocks at least; a run begins three clocks after the last write of a register at the earliest
//   cfg_*       configuration, one register a clock (rtl/gen/sq_registers_gen.svh): those of chain cfg_pipe_i, and the shared ones
//   run_i       starts sweeps_i sweeps, then, with measure_i, one pass that only sums; abort_i ends it after the sweep under way
//   sel_i       the chain that field_* and the outputs below are of
//   field_*     the field, while busy_o is 0: read data 6 clocks after the address, a word written is there after 3
//   clipped_o   saturations since run_i
//   step_o      sweeps done, as counted from what STEP was set to
module sq_replica #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter integer Pipes = 1,
  parameter integer Bonds = 1
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire                         cfg_we_i,
  input  wire        [7:0]            cfg_pipe_i,
  input  wire        [3:0]            cfg_addr_i,
  input  wire        [31:0]           cfg_data_i,
  input  wire                         run_i,
  input  wire        [31:0]           sweeps_i,
  input  wire                         measure_i,
  input  wire                         abort_i,
  output wire                         busy_o,
  input  wire        [7:0]            sel_i,
  input  wire                         field_we_i,
  input  wire        [SitesLog2-1:0]  field_addr_i,
  input  wire signed [W-1:0]          field_data_i,
  output wire signed [W-1:0]          field_data_o,
  output wire        [43:0]           step_o,
  output wire        [47:0]           clipped_o,
  output wire signed [31:0]           sum_phi_o,
  output wire        [47:0]           sum_phi2_o,
  output wire signed [47:0]           sum_bond_o,
  // What each chain writes, for whoever compares.
  output wire        [Pipes-1:0]            new_valid_o,
  output wire        [Pipes*SitesLog2-1:0]  new_site_o,
  output wire        [Pipes*W-1:0]          new_o,
  output wire        [Pipes*W-1:0]          new_eta_o,
  output wire        [Pipes*(2*W+3)-1:0]    new_drift_o
);
`include "sq_registers_gen.svh"

  // Configuration that all share. A write takes three clocks to reach the chains. Which of them is meant is decided before the way there.
  reg cfg_we_q;
  reg [Pipes-1:0] cfg_here_q, sel_here_q;
  reg [3:0] cfg_addr_q;
  reg [31:0] cfg_data_q;
  reg [SitesLog2:0] sites_q, columns_q, last_row_q;
  reg [SitesLog2+1:0] period_q;
  // A pass reads a row that the one before wrote last: it begins 20 clocks after the writing of that row at the earliest, and the
  // field's addresses are free a clock after the last site.
  wire [SitesLog2:0] wait_for = columns_q < 19 ? 20 - columns_q : 1;
  wire [SitesLog2+1:0] period = {1'b0, sites_q} + {1'b0, wait_for} + 1'b1;
  integer k;
  always_ff @(posedge clk_i) begin
    cfg_we_q <= cfg_we_i;
    for (k = 0; k < Pipes; k = k + 1) begin
      cfg_here_q[k] <= cfg_we_i && cfg_pipe_i == k[7:0];
      sel_here_q[k] <= sel_i == k[7:0];
    end
    cfg_addr_q <= cfg_addr_i;
    cfg_data_q <= cfg_data_i;
    if (cfg_we_q && cfg_addr_q == RegSites) sites_q <= cfg_data_q[SitesLog2:0];
    if (cfg_we_q && cfg_addr_q == RegColumns) columns_q <= cfg_data_q[SitesLog2:0];
    last_row_q <= sites_q - columns_q;
    period_q <= {period[SitesLog2+1:1], 1'b0};
  end

  // A pass after the other. The period is even, so that each begins in a clock with phase_q = 1.
  reg phase_q, active_q, measure_q, commit_q, start_q;
  // One clock late, so that a run is not looked at in the clock after it was set; last_q: a pass may begin again.
  reg more_q, changed_q, last_q;
  reg [31:0] left_q;
  reg [SitesLog2+1:0] timer_q;
  reg [43:0] step_q;
  // Longer than a chain needs after the period of its last pass.
  reg [5:0] drain_q;
  wire begins = !phase_q && !changed_q && (more_q || measure_q) && (!active_q || last_q);
  always_ff @(posedge clk_i) begin
    phase_q <= rst_i ? 1'b0 : !phase_q;
    start_q <= begins && !rst_i;
    last_q <= active_q && timer_q == 3;
    more_q <= left_q != 32'd0;
    changed_q <= run_i || abort_i;
    if (begins) begin
      commit_q <= more_q;
      timer_q <= period_q + 1;
    end else if (active_q) timer_q <= timer_q - 1'b1;
    if (rst_i) active_q <= 1'b0;
    else if (begins) active_q <= 1'b1;
    else if (last_q) active_q <= 1'b0;
    if (rst_i || abort_i) begin
      left_q <= 32'd0;
      measure_q <= 1'b0;
    end else if (run_i) begin
      left_q <= sweeps_i;
      measure_q <= measure_i;
    end else if (begins) begin
      if (more_q) left_q <= left_q - 1'b1;
      else measure_q <= 1'b0;
    end
    if (cfg_we_q && cfg_addr_q == RegStepLow) step_q[31:0] <= cfg_data_q;
    else if (cfg_we_q && cfg_addr_q == RegStepHigh) step_q[43:32] <= cfg_data_q[11:0];
    else if (last_q && commit_q) step_q <= step_q + 1'b1;
    if (rst_i) drain_q <= 6'd0;
    else if (run_i || active_q || more_q || measure_q) drain_q <= 6'd63;
    else if (drain_q != 6'd0 && !changed_q) drain_q <= drain_q - 1'b1;
  end
  wire unused = &{1'b0, period[0]};
  assign busy_o = drain_q != 6'd0;
  assign step_o = step_q;

  // Chains take what they are told, and say what they have, through registers: they may lie anywhere on the chip.
  reg phase_all_q, start_all_q, commit_all_q, clear_q, field_we_q;
  reg [43:0] step_all_q;
  reg [7:0] sel_q;
  reg [SitesLog2-1:0] field_addr_q;
  reg signed [W-1:0] field_data_q;
  always_ff @(posedge clk_i) begin
    phase_all_q <= phase_q;
    start_all_q <= start_q;
    commit_all_q <= commit_q;
    step_all_q <= step_q;
    clear_q <= run_i;
    sel_q <= sel_i;
    field_we_q <= field_we_i;
    field_addr_q <= field_addr_i;
    field_data_q <= field_data_i;
  end

  localparam integer Out = W + 48 + 32 + 48 + 48;
  wire [Pipes*Out-1:0] out;
  reg [Out-1:0] out_q, chosen;
  wire [Out-1:0] shown;
  integer n;
  always_comb begin
    chosen = out[Out-1:0];
    for (n = 1; n < Pipes; n = n + 1) if (sel_q == n[7:0]) chosen = out[n*Out +: Out];
  end
  always_ff @(posedge clk_i) out_q <= chosen;
  assign {field_data_o, clipped_o, sum_phi_o, sum_phi2_o, sum_bond_o} = shown;

  genvar p;
  generate
    // Counters and sums of a single chain need no registers of their own: whoever asks for them is near.
    if (Pipes > 1) begin : far
      assign shown = out_q;
    end else begin : near
      assign shown = {out_q[Out-1 -: W], chosen[Out-W-1:0]};
      wire unused_near = &{1'b0, out_q[Out-W-1:0]};
    end
    for (p = 0; p < Pipes; p = p + 1) begin : pipe
      wire signed [W-1:0] field;
      wire [47:0] clipped, phi2;
      wire signed [31:0] phi;
      wire signed [47:0] bond;
      assign out[p*Out +: Out] = {field, clipped, phi, phi2, bond};
      sq_board #(.W(W), .SitesLog2(SitesLog2), .Bonds(Bonds)) board (
        .clk_i(clk_i), .rst_i(rst_i), .phase_i(phase_all_q), .start_i(start_all_q), .commit_i(commit_all_q), .step_i(step_all_q),
        .clear_i(clear_q), .sites_i(sites_q), .columns_i(columns_q), .last_row_i(last_row_q),
        .cfg_we_i(cfg_here_q[p]), .cfg_addr_i(cfg_addr_q), .cfg_data_i(cfg_data_q),
        .field_we_i(field_we_q && sel_here_q[p]), .field_addr_i(field_addr_q), .field_data_i(field_data_q),
        .field_data_o(field), .clipped_o(clipped), .sum_phi_o(phi), .sum_phi2_o(phi2), .sum_bond_o(bond),
        .new_valid_o(new_valid_o[p]), .new_site_o(new_site_o[p*SitesLog2 +: SitesLog2]), .new_o(new_o[p*W +: W]),
        .new_eta_o(new_eta_o[p*W +: W]), .new_drift_o(new_drift_o[p*(2*W+3) +: 2*W+3])
      );
    end
  endgenerate
endmodule
