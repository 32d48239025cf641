// A board with several chains: their ports on a serial line, without the protocol, which knows one chain. Hardware only.
//
// A request is 7 bytes: code, chain, address, and a word of 32 bits, the highest byte first.
//   0   register `address` of the chain := word
//   1   run: word is the number of sweeps, bit 0 of address whether to sum afterwards
//   2   abort
//   3   field: site word[31:20] := word[19:0]
//   4   look at site word[31:20] of the chain
// Each is answered with what the chain shows, 32 bytes, the highest first: busy, φ, step, saturations, Σφ, Σφ².
module sq_bare #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter integer Pipes = 1,
  parameter integer ClockHz = 12_000_000,
  parameter integer Baud = 115_200
) (
  input  wire clk_i,
  input  wire rst_i,
  input  wire rx_i,
  output wire tx_o
);
  localparam integer Divider = (ClockHz + Baud / 2) / Baud;
  localparam integer DividerW = $clog2(Divider);
  localparam [31:0] WholeBits = Divider - 1, HalfBits = Divider / 2 - 1;

  // Receiver: a bit is sampled in its middle.
  reg [1:0] sync_q;
  reg hearing_q, heard_q;
  reg [DividerW-1:0] rx_wait_q;
  reg rx_due_q;
  reg [3:0] rx_left_q;
  reg [55:0] request_q;
  reg [2:0] bytes_q;
  always_ff @(posedge clk_i) begin
    sync_q <= {sync_q[0], rx_i};
    heard_q <= 1'b0;
    if (rst_i) begin
      hearing_q <= 1'b0;
      bytes_q <= 3'd0;
    end else if (!hearing_q) begin
      hearing_q <= !sync_q[1];
      rx_wait_q <= HalfBits[DividerW-1:0];
      rx_due_q <= 1'b0;
      rx_left_q <= 4'd9;
    end else if (!rx_due_q) begin
      rx_wait_q <= rx_wait_q - 1'b1;
      rx_due_q <= rx_wait_q == {{(DividerW-1){1'b0}}, 1'b1};
    end else begin
      rx_due_q <= 1'b0;
      rx_wait_q <= WholeBits[DividerW-1:0];
      rx_left_q <= rx_left_q - 1'b1;
      // The start bit, eight bits from the lowest, the stop bit.
      if (rx_left_q != 4'd9 && rx_left_q != 4'd0) request_q[7:0] <= {sync_q[1], request_q[7:1]};
      if (rx_left_q == 4'd0) begin
        hearing_q <= 1'b0;
        heard_q <= bytes_q == 3'd6;
        bytes_q <= bytes_q == 3'd6 ? 3'd0 : bytes_q + 1'b1;
        if (bytes_q != 3'd6) request_q <= {request_q[47:0], 8'd0};
      end
    end
  end
  wire [7:0] code = request_q[55:48], chain = request_q[47:40], address = request_q[39:32];
  wire [31:0] data = request_q[31:0];

  wire busy;
  wire signed [W-1:0] field;
  wire [43:0] step;
  wire [47:0] clipped, sum_phi2;
  wire signed [31:0] sum_phi;
  wire signed [47:0] sum_bond;
  wire [Pipes-1:0] new_valid;
  wire [Pipes*SitesLog2-1:0] new_site;
  wire [Pipes*W-1:0] new_phi, new_eta;
  wire [Pipes*(2*W+3)-1:0] new_drift;
  sq_replica #(.W(W), .SitesLog2(SitesLog2), .Pipes(Pipes), .Bonds(0)) replica (
    .clk_i(clk_i), .rst_i(rst_i), .cfg_we_i(heard_q && code == 8'd0), .cfg_pipe_i(chain), .cfg_addr_i(address[3:0]), .cfg_data_i(data),
    .run_i(heard_q && code == 8'd1), .sweeps_i(data), .measure_i(address[0]), .abort_i(heard_q && code == 8'd2), .busy_o(busy),
    .sel_i(chain), .field_we_i(heard_q && code == 8'd3), .field_addr_i(data[20 +: SitesLog2]), .field_data_i(data[W-1:0]),
    .field_data_o(field), .step_o(step), .clipped_o(clipped), .sum_phi_o(sum_phi), .sum_phi2_o(sum_phi2), .sum_bond_o(sum_bond),
    .new_valid_o(new_valid), .new_site_o(new_site), .new_o(new_phi), .new_eta_o(new_eta), .new_drift_o(new_drift)
  );
  wire unused = &{1'b0, address[7:4], sum_bond, new_valid, new_site, new_phi, new_eta, new_drift};

  // Transmitter: the answer leaves when the chain has had time to show what was asked for.
  localparam integer Shown = 1 + W + 44 + 48 + 32 + 48;
  reg [15:0] soon_q;
  reg [255:0] answer_q;
  reg [5:0] answers_q;
  reg sending_q, tx_q;
  reg [DividerW-1:0] tx_wait_q;
  reg tick_q;
  reg [3:0] tx_left_q;
  reg [8:0] bits_q;
  always_ff @(posedge clk_i) begin
    // A clock of its own: the line's time goes on whether something is sent or not.
    tick_q <= tx_wait_q == {DividerW{1'b0}};
    tx_wait_q <= tx_wait_q == {DividerW{1'b0}} ? WholeBits[DividerW-1:0] : tx_wait_q - 1'b1;
    if (rst_i) tx_wait_q <= {DividerW{1'b0}};
    soon_q <= rst_i ? 16'd0 : {soon_q[14:0], heard_q};
    tx_q <= rst_i || !sending_q || bits_q[0];
    if (rst_i) sending_q <= 1'b0;
    else if (soon_q[15]) begin
      answer_q <= {{(256-Shown){1'b0}}, busy, field, step, clipped, sum_phi, sum_phi2};
      answers_q <= 6'd32;
      sending_q <= 1'b1;
      tx_left_q <= 4'd0;
      bits_q <= 9'h1ff;
    end else if (sending_q && tick_q) begin
      bits_q <= {1'b1, bits_q[8:1]};
      tx_left_q <= tx_left_q - 1'b1;
      if (tx_left_q == 4'd0) begin
        // The stop bit of the byte before has been sent: a start bit, and the next.
        bits_q <= {answer_q[255:248], 1'b0};
        answer_q <= {answer_q[247:0], 8'd0};
        answers_q <= answers_q - 1'b1;
        tx_left_q <= 4'd9;
        if (answers_q == 6'd0) sending_q <= 1'b0;
      end
    end
  end
  assign tx_o = tx_q;
endmodule
