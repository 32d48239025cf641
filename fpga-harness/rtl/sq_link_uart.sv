// A serial line: 8 bits, no parity, one stop bit. Hardware only: a processor's board has this in silicon.
//
//   Divider   clocks a bit, at least 4
//   rx        two flip-flops against metastability; a bit is sampled in its middle. valid_o for one clock, in the middle of a stop bit
//             that is one
//   tx        send_i takes data_i while ready_o; 10 bits
module sq_link_uart #(
  parameter integer Divider = 104
) (
  input  wire        clk_i,
  input  wire        rst_i,
  input  wire        rx_i,
  output wire        tx_o,
  output wire [7:0]  data_o,
  output wire        valid_o,
  input  wire [7:0]  data_i,
  input  wire        send_i,
  output wire        ready_o
);
  localparam integer CountW = $clog2(Divider);
  localparam [31:0] WholeBits = Divider - 1, HalfBits = Divider / 2 - 1;
  localparam [CountW-1:0] Whole = WholeBits[CountW-1:0], Half = HalfBits[CountW-1:0];

  reg [1:0] sync_q;
  wire line = sync_q[1];
  reg listening_q, start_q, valid_q;
  reg [CountW-1:0] wait_q;
  // A one goes ahead of the bits: when it has come to bit 0, they are there.
  reg [8:0] bits_q;
  always_ff @(posedge clk_i) begin
    sync_q <= rst_i ? 2'b11 : {sync_q[0], rx_i};
    valid_q <= 1'b0;
    wait_q <= wait_q - 1'b1;
    if (rst_i) listening_q <= 1'b0;
    else if (!listening_q) begin
      listening_q <= !line;
      start_q <= 1'b1;
      wait_q <= Half;
    end else if (wait_q == {CountW{1'b0}}) begin
      wait_q <= Whole;
      start_q <= 1'b0;
      bits_q <= start_q ? 9'h100 : {line, bits_q[8:1]};
      // No start bit after all, or the stop bit.
      if (start_q) listening_q <= !line;
      else if (bits_q[0]) begin
        listening_q <= 1'b0;
        valid_q <= line;
        bits_q <= bits_q;
      end
    end
  end
  assign data_o = bits_q[8:1];
  assign valid_o = valid_q;

  // The stop bit is the last one: zeros follow it.
  reg sending_q, tx_q;
  reg [CountW-1:0] pause_q;
  reg [9:0] out_q;
  always_ff @(posedge clk_i) begin
    pause_q <= pause_q - 1'b1;
    tx_q <= rst_i || !sending_q || out_q[0];
    if (rst_i) sending_q <= 1'b0;
    else if (!sending_q) begin
      sending_q <= send_i;
      out_q <= {1'b1, data_i, 1'b0};
      pause_q <= Whole;
    end else if (pause_q == {CountW{1'b0}}) begin
      pause_q <= Whole;
      out_q <= {1'b0, out_q[9:1]};
      sending_q <= out_q[9:1] != 9'd0;
    end
  end
  assign ready_o = !sending_q;
  assign tx_o = tx_q;
endmodule
