// The board's end of the serial protocol. Twin of link/ and agent/ together: what a word of it means is said there.
//
// Up to 32 chains in step. What it leaves out of the agent, it refuses: all but Coefficients, Write, Read, State, SetState, Run, Select and
// Sums, with the parameter of that name, of the numbered requests. Observables it does not measure. With Score = 1 it has the quantised
// score in place of chains, and of the numbered requests Describe, Write, Image, Run, Finish, Draw, Read, State and Select.
module sq_link #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter integer Pipes = 1,
  parameter integer Sums = 1,
  parameter integer Bonds = 1,
  parameter integer Score = 0,
  parameter integer Divider = 104,
  parameter [63:0] Build = 64'd0,
  parameter [95:0] Target = "fpga"
) (
  input  wire                         clk_i,
  input  wire                         rst_i,
  input  wire                         rx_i,
  output wire                         tx_o,
  output wire        [7:0]            sel_o,
  output wire                         cfg_we_o,
  output wire        [3:0]            cfg_addr_o,
  output wire        [31:0]           cfg_data_o,
  output wire                         run_o,
  output wire        [31:0]           sweeps_o,
  output wire                         measure_o,
  output wire                         abort_o,
  input  wire                         busy_i,
  output wire                         field_we_o,
  output wire        [SitesLog2-1:0]  field_addr_o,
  output wire signed [W-1:0]          field_data_o,
  input  wire signed [W-1:0]          field_data_i,
  input  wire        [43:0]           step_i,
  input  wire        [47:0]           clipped_i,
  input  wire signed [31:0]           sum_phi_i,
  input  wire        [47:0]           sum_phi2_i,
  input  wire signed [47:0]           sum_bond_i,
  output wire                         score_we_o,
  output wire        [4:0]            score_addr_o,
  output wire                         image_we_o,
  output wire        [14:0]           image_addr_o,
  output wire        [15:0]           image_data_o,
  output wire        [3:0]            score_do_o,
  output wire        [1:0]            buffer_o,
  input  wire        [71:0]           score_i
);
  wire [7:0] from_line, to_line;
  wire arrived, send, line_ready;
  sq_link_uart #(.Divider(Divider)) uart (
    .clk_i(clk_i), .rst_i(rst_i), .rx_i(rx_i), .tx_o(tx_o), .data_o(from_line), .valid_o(arrived),
    .data_i(to_line), .send_i(send), .ready_o(line_ready)
  );

  wire avail, next, rewind, bound, free;
  wire [7:0] frame;
  sq_link_frame_rx receiver (
    .clk_i(clk_i), .rst_i(rst_i), .data_i(from_line), .valid_i(arrived),
    .avail_o(avail), .data_o(frame), .next_i(next), .rewind_i(rewind), .bound_i(bound),
    .bound_length_i(answer), .release_i(free)
  );

  wire [7:0] answer, buffer_addr, buffer_to, buffer_from;
  wire put, ends, ready, slot, buffer_we;
  sq_link_frame_tx sender (
    .clk_i(clk_i), .rst_i(rst_i), .data_i(answer), .put_i(put), .end_i(ends), .ready_o(ready),
    .slot_i(slot), .we_o(buffer_we), .addr_o(buffer_addr), .wdata_o(buffer_to), .rdata_i(buffer_from),
    .line_o(to_line), .send_o(send), .line_ready_i(line_ready)
  );

  sq_link_agent #(.W(W), .SitesLog2(SitesLog2), .Pipes(Pipes), .Sums(Sums), .Bonds(Bonds), .Score(Score), .Build(Build), .Target(Target)) agent (
    .clk_i(clk_i), .rst_i(rst_i), .avail_i(avail), .frame_i(frame), .next_o(next), .rewind_o(rewind), .bound_o(bound),
    .release_o(free),
    .byte_o(answer), .put_o(put), .end_o(ends), .ready_i(ready), .slot_o(slot), .buffer_we_i(buffer_we),
    .buffer_addr_i(buffer_addr), .buffer_data_i(buffer_to), .buffer_data_o(buffer_from),
    .sel_o(sel_o), .cfg_we_o(cfg_we_o), .cfg_addr_o(cfg_addr_o), .cfg_data_o(cfg_data_o),
    .run_o(run_o), .sweeps_o(sweeps_o), .measure_o(measure_o), .abort_o(abort_o), .busy_i(busy_i),
    .field_we_o(field_we_o), .field_addr_o(field_addr_o), .field_data_o(field_data_o), .field_data_i(field_data_i),
    .step_i(step_i), .clipped_i(clipped_i), .sum_phi_i(sum_phi_i), .sum_phi2_i(sum_phi2_i), .sum_bond_i(sum_bond_i),
    .score_we_o(score_we_o), .score_addr_o(score_addr_o), .image_we_o(image_we_o), .image_addr_o(image_addr_o),
    .image_data_o(image_data_o), .score_do_o(score_do_o), .buffer_o(buffer_o), .score_i(score_i)
  );
endmodule
