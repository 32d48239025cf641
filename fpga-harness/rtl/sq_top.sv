// A board: serial line, protocol, and chains in step. Hardware only.
//
//   Pipes           how many chains, 32 at most
//   Sums, Bonds     whether they sum φ and φ², and φ·nn, which takes a multiplier a chain
//   ClockHz, Baud   of clk_i and of the line
//   Build, Target   what the identity says: a hash of sources, and a name of 12 characters at most
module sq_top #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter integer Pipes = 1,
  parameter integer Sums = 1,
  parameter integer Bonds = 1,
  parameter integer ClockHz = 12_000_000,
  parameter integer Baud = 115_200,
  parameter [63:0] Build = 64'd0,
  parameter [95:0] Target = "fpga"
) (
  input  wire  clk_i,
  input  wire  rst_i,
  input  wire  rx_i,
  output wire  tx_o
);
  wire cfg_we, run, measure, abort, busy, field_we;
  wire [7:0] sel;
  wire [3:0] cfg_addr;
  wire [31:0] cfg_data, sweeps;
  wire [SitesLog2-1:0] field_addr;
  wire signed [W-1:0] field_to, field_from;
  wire [43:0] step;
  wire [47:0] clipped, sum_phi2;
  wire signed [31:0] sum_phi;
  wire signed [47:0] sum_bond;
  wire score_we, image_we;
  wire [1:0] buffer;
  wire [4:0] score_addr;
  wire [14:0] image_addr;
  wire [15:0] image_data;
  wire [3:0] score_do;
  sq_link #(
    .W(W), .SitesLog2(SitesLog2), .Pipes(Pipes), .Sums(Sums), .Bonds(Bonds), .Divider((ClockHz + Baud / 2) / Baud),
    .Build(Build), .Target(Target)
  ) link (
    .clk_i(clk_i), .rst_i(rst_i), .rx_i(rx_i), .tx_o(tx_o),
    .sel_o(sel), .cfg_we_o(cfg_we), .cfg_addr_o(cfg_addr), .cfg_data_o(cfg_data),
    .run_o(run), .sweeps_o(sweeps), .measure_o(measure), .abort_o(abort), .busy_i(busy),
    .field_we_o(field_we), .field_addr_o(field_addr), .field_data_o(field_to), .field_data_i(field_from),
    .step_i(step), .clipped_i(clipped), .sum_phi_i(sum_phi), .sum_phi2_i(sum_phi2), .sum_bond_i(sum_bond),
    .score_we_o(score_we), .score_addr_o(score_addr), .image_we_o(image_we), .image_addr_o(image_addr), .image_data_o(image_data),
    .score_do_o(score_do), .buffer_o(buffer), .score_i(72'd0)
  );

  wire [Pipes-1:0] new_valid;
  wire [Pipes*SitesLog2-1:0] new_site;
  wire [Pipes*W-1:0] new_phi, new_eta;
  wire [Pipes*(2*W+3)-1:0] new_drift;
  sq_replica #(.W(W), .SitesLog2(SitesLog2), .Pipes(Pipes), .Bonds(Bonds)) replica (
    .clk_i(clk_i), .rst_i(rst_i), .cfg_we_i(cfg_we), .cfg_pipe_i(sel), .cfg_addr_i(cfg_addr), .cfg_data_i(cfg_data),
    .run_i(run), .sweeps_i(sweeps), .measure_i(measure), .abort_i(abort), .busy_o(busy),
    .sel_i(sel), .field_we_i(field_we), .field_addr_i(field_addr), .field_data_i(field_to), .field_data_o(field_from),
    .step_o(step), .clipped_o(clipped), .sum_phi_o(sum_phi), .sum_phi2_o(sum_phi2), .sum_bond_o(sum_bond),
    .new_valid_o(new_valid), .new_site_o(new_site), .new_o(new_phi), .new_eta_o(new_eta), .new_drift_o(new_drift)
  );
  wire unused = &{1'b0, new_valid, new_site, new_phi, new_eta, new_drift, score_we, score_addr, image_we, image_addr, image_data, score_do, buffer};
endmodule
