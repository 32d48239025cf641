// In place of a chain, where only the order of passes is looked at: does nothing.
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
endmodule
