// A board: serial line, protocol, and a chain. Hardware only.
//
//   ClockHz, Baud   of clk_i and of the line
//   Build, Target   what the identity says: a hash of sources, and a name of 12 characters at most
module sq_top #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
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
  wire cfg_we, run, abort, busy, field_we;
  wire [3:0] cfg_addr;
  wire [31:0] cfg_data, sweeps;
  wire [SitesLog2-1:0] field_addr;
  wire signed [W-1:0] field_to, field_from;
  wire [43:0] step;
  wire [47:0] clipped;
  sq_link #(
    .W(W), .SitesLog2(SitesLog2), .Divider((ClockHz + Baud / 2) / Baud), .Build(Build), .Target(Target)
  ) link (
    .clk_i(clk_i), .rst_i(rst_i), .rx_i(rx_i), .tx_o(tx_o),
    .cfg_we_o(cfg_we), .cfg_addr_o(cfg_addr), .cfg_data_o(cfg_data), .run_o(run), .sweeps_o(sweeps), .abort_o(abort), .busy_i(busy),
    .field_we_o(field_we), .field_addr_o(field_addr), .field_data_o(field_to), .field_data_i(field_from),
    .step_i(step), .clipped_i(clipped)
  );

  wire signed [31:0] sum_phi;
  wire [47:0] sum_phi2;
  wire signed [47:0] sum_bond;
  wire new_valid;
  wire [SitesLog2-1:0] new_site;
  wire [W-1:0] new_phi, new_eta;
  wire [2*W+2:0] new_drift;
  sq_replica #(.W(W), .SitesLog2(SitesLog2), .Pipes(1)) replica (
    .clk_i(clk_i), .rst_i(rst_i), .cfg_we_i(cfg_we), .cfg_pipe_i(8'd0), .cfg_addr_i(cfg_addr), .cfg_data_i(cfg_data),
    .run_i(run), .sweeps_i(sweeps), .measure_i(1'b0), .abort_i(abort), .busy_o(busy),
    .sel_i(8'd0), .field_we_i(field_we), .field_addr_i(field_addr), .field_data_i(field_to), .field_data_o(field_from),
    .step_o(step), .clipped_o(clipped), .sum_phi_o(sum_phi), .sum_phi2_o(sum_phi2), .sum_bond_o(sum_bond),
    .new_valid_o(new_valid), .new_site_o(new_site), .new_o(new_phi), .new_eta_o(new_eta), .new_drift_o(new_drift)
  );
  wire unused = &{1'b0, sum_phi, sum_phi2, sum_bond, new_valid, new_site, new_phi, new_eta, new_drift};
endmodule
