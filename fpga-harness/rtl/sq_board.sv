// One chain: field, noise, integrator, counters. Twin of core/src/board.rs, one site a clock.
//
//   phase_i       1 every second clock, the same for all chains
//   start_i       with phase_i = 1: a pass begins. Between two starts: an even number of clocks, at least sites + max(1, 20 - columns)
//   commit_i      beside start_i: the pass is a sweep; else it only sums
//   step_i        step number of the pass: from start_i to the next
//   clear_i       sets the count of saturations to 0
//   sites_i       volume; columns_i: the faster extent; at least two rows
//   cfg_*         register cfg_addr_i (rtl/gen/sq_registers_gen.svh) of this chain, between passes; it is set after 2 clocks
//   field_*       the field, between passes: read data 4 clocks after the address, a word written is there after 2
//   new_o …       what a sweep writes, site after site, when new_valid_o: φ', η and εK of site new_site_o
//
// A pass is over 53 + sites clocks after its start.
//
//   clock from start_i
//    0   counters          sq_noise_words
//   30   field addressed   sq_lattice_neighbours
//   32   word              sq_noise_gauss
//   37   φ, Σ              sq_integrator_euler
//   45   η
//   50   φ'                and is written in the next clock
module sq_board #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter integer Bonds = 1
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire                         phase_i,
  input  wire                         start_i,
  input  wire                         commit_i,
  input  wire        [43:0]           step_i,
  input  wire                         clear_i,
  input  wire        [SitesLog2:0]    sites_i,
  input  wire        [SitesLog2:0]    columns_i,
  input  wire        [SitesLog2:0]    last_row_i,
  input  wire                         cfg_we_i,
  input  wire        [3:0]            cfg_addr_i,
  input  wire        [31:0]           cfg_data_i,
  input  wire                         field_we_i,
  input  wire        [SitesLog2-1:0]  field_addr_i,
  input  wire signed [W-1:0]          field_data_i,
  output wire signed [W-1:0]          field_data_o,
  output wire        [47:0]           clipped_o,
  output wire signed [31:0]           sum_phi_o,
  output wire        [47:0]           sum_phi2_o,
  output wire signed [47:0]           sum_bond_o,
  output wire                         new_valid_o,
  output wire        [SitesLog2-1:0]  new_site_o,
  output wire signed [W-1:0]          new_o,
  output wire signed [W-1:0]          new_eta_o,
  output wire signed [2*W+2:0]        new_drift_o
);
`include "sq_registers_gen.svh"

  // Registers of its own: near to what they feed. Which of them is written is decided a clock before: who writes may be far away.
  reg [5:0] load_q;
  reg [31:0] data_q;
  reg [31:0] key0_q, key1_q;
  reg signed [W-1:0] hop_q, cubic_q, sigma_q;
  reg signed [2*W-5:0] linear_q;
  reg [SitesLog2:0] sites_q, columns_q, last_row_q;
  always_ff @(posedge clk_i) begin
    data_q <= cfg_data_i;
    load_q <= {
      cfg_addr_i == RegSigma, cfg_addr_i == RegCubic, cfg_addr_i == RegLinear, cfg_addr_i == RegHop, cfg_addr_i == RegKey1,
      cfg_addr_i == RegKey0
    } & {6{cfg_we_i}};
    if (load_q[0]) key0_q <= data_q;
    if (load_q[1]) key1_q <= data_q;
    if (load_q[2]) hop_q <= data_q[W-1:0];
    if (load_q[3]) linear_q <= data_q[2*W-5:0];
    if (load_q[4]) cubic_q <= data_q[W-1:0];
    if (load_q[5]) sigma_q <= data_q[W-1:0];
    sites_q <= sites_i;
    columns_q <= columns_i;
    last_row_q <= last_row_i;
  end

  wire [31:0] word;
  wire signed [W-1:0] eta;
  sq_noise_words #(.SitesLog2(SitesLog2)) words (
    .clk_i(clk_i), .phase_i(phase_i), .start_i(start_i), .first_i({(SitesLog2-1){1'b0}}), .step_i(step_i), .key0_i(key0_q), .key1_i(key1_q), .word_o(word)
  );
  sq_noise_gauss #(.W(W)) gauss (.clk_i(clk_i), .word_i(word), .eta_o(eta));

  // The field is addressed so much later that φ and η meet.
  localparam integer Lead = 30;
  reg [Lead-1:0] start_q, commit_q;
  always_ff @(posedge clk_i) begin
    start_q <= rst_i ? {Lead{1'b0}} : {start_q[Lead-2:0], start_i};
    commit_q <= {commit_q[Lead-2:0], commit_i};
  end
  wire read_start = start_q[Lead-1];
  wire read_done;
  // The field that is read, and whether another takes its place.
  reg bank_q, bank_above_q, sweep_q;
  always_ff @(posedge clk_i) begin
    bank_above_q <= bank_q;
    if (read_start) sweep_q <= commit_q[Lead-1];
    if (rst_i) bank_q <= 1'b0;
    else if (read_done && sweep_q) bank_q <= !bank_q;
  end

  wire [SitesLog2-1:0] addr_here, addr_above, addr_below;
  wire signed [W-1:0] here, above, below, phi;
  wire signed [W+1:0] nn;
  wire valid;
  reg write_q;
  reg [SitesLog2:0] write_addr_q;
  reg [W-1:0] write_data_q;
  sq_prim_ram #(.Width(W), .AddrW(SitesLog2+1)) ram_here (
    .clk_i(clk_i), .we_i(write_q), .waddr_i(write_addr_q), .wdata_i(write_data_q), .raddr_i({bank_q, addr_here}), .rdata_o(here)
  );
  sq_prim_ram #(.Width(W), .AddrW(SitesLog2+1)) ram_above (
    .clk_i(clk_i), .we_i(write_q), .waddr_i(write_addr_q), .wdata_i(write_data_q), .raddr_i({bank_above_q, addr_above}), .rdata_o(above)
  );
  sq_prim_ram #(.Width(W), .AddrW(SitesLog2+1)) ram_below (
    .clk_i(clk_i), .we_i(write_q), .waddr_i(write_addr_q), .wdata_i(write_data_q), .raddr_i({bank_q, addr_below}), .rdata_o(below)
  );
  sq_lattice_neighbours #(.W(W), .SitesLog2(SitesLog2)) neighbours (
    .clk_i(clk_i), .rst_i(rst_i), .start_i(read_start), .sites_i(sites_q), .columns_i(columns_q), .last_row_i(last_row_q),
    .idle_addr_i(field_addr_i), .addr_here_o(addr_here), .addr_above_o(addr_above), .addr_below_o(addr_below),
    .here_i(here), .above_i(above), .below_i(below), .done_o(read_done), .phi_o(phi), .nn_o(nn), .valid_o(valid)
  );
  assign field_data_o = here;

  wire signed [W-1:0] moved;
  wire [2*W-1:0] square;
  wire clipped_new, clipped_factor;
  sq_integrator_euler #(.W(W)) euler (
    .clk_i(clk_i), .hop_i(hop_q), .linear_i(linear_q), .cubic_i(cubic_q), .sigma_i(sigma_q),
    .phi_i(phi), .nn_i(nn), .eta_i(eta), .new_o(moved), .clipped_new_o(clipped_new), .clipped_factor_o(clipped_factor),
    .square_o(square), .drift_o(new_drift_o), .eta_o(new_eta_o)
  );
  sq_observable #(.W(W), .Bonds(Bonds)) observable (
    .clk_i(clk_i), .valid_i(valid), .phi_i(phi), .nn_i(nn), .square_i(square),
    .sum_phi_o(sum_phi_o), .sum_phi2_o(sum_phi2_o), .sum_bond_o(sum_bond_o)
  );

  // Sites of a sweep on their way through the integrator. sweep_q is of the pass that is addressed: 5 clocks before.
  reg [5:0] sweep_late_q;
  reg [12:0] moving_q;
  always_ff @(posedge clk_i) begin
    sweep_late_q <= {sweep_late_q[4:0], sweep_q};
    moving_q <= rst_i ? 13'd0 : {moving_q[11:0], valid && sweep_late_q[5]};
  end

  // Writing, into the other field; between passes, for whoever writes from outside, into this one.
  reg [SitesLog2-1:0] site_q;
  reg other_q;
  wire last_site = {1'b0, site_q} + 1'b1 == sites_q;
  always_ff @(posedge clk_i) begin
    write_q <= moving_q[12] || field_we_i;
    write_addr_q <= moving_q[12] ? {other_q, site_q} : {bank_q, field_addr_i};
    write_data_q <= moving_q[12] ? moved : field_data_i;
    if (rst_i) begin
      site_q <= {SitesLog2{1'b0}};
      other_q <= 1'b1;
    end else if (moving_q[12]) begin
      site_q <= last_site ? {SitesLog2{1'b0}} : site_q + 1'b1;
      if (last_site) other_q <= !other_q;
    end
  end
  assign new_valid_o = moving_q[12];
  assign new_site_o = site_q;
  assign new_o = moved;

  // Saturations, two at most in a clock: the lowest 8 bits, and a carry into the rest.
  reg [1:0] event_q;
  reg [7:0] low_q;
  reg carry_q;
  reg [39:0] high_q;
  wire [8:0] low = {1'b0, low_q} + {7'd0, event_q};
  always_ff @(posedge clk_i) begin
    event_q <= {1'b0, moving_q[12] && clipped_new} + {1'b0, moving_q[6] && clipped_factor};
    {carry_q, low_q} <= clear_i ? 9'd0 : low;
    high_q <= clear_i ? 40'd0 : high_q + {39'd0, carry_q};
  end
  assign clipped_o = {high_q, low_q};
endmodule
