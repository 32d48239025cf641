// Frames to bytes of a line: CRC-32 appended, COBS, a zero. Twin of link/src/frame.rs (encode).
//
// The frame is encoded into a buffer of 256 bytes, which lies in the memory of whoever asks, and is sent when it is whole. Frames are
// shorter than 254 bytes, so that they are one block of COBS.
//
//   put_i     takes data_i while ready_o, 10 clocks at least; end_i the same: that was all. ready_o again when the frame is sent
//   slot_i    in this clock and the next ones of the same kind the memory's ports are free: read data 2 clocks after the address
module sq_link_frame_tx (
  input  wire        clk_i,
  input  wire        rst_i,
  input  wire [7:0]  data_i,
  input  wire        put_i,
  input  wire        end_i,
  output wire        ready_o,
  // memory
  input  wire        slot_i,
  output wire        we_o,
  output wire [7:0]  addr_o,
  output wire [7:0]  wdata_o,
  input  wire [7:0]  rdata_i,
  // line
  output wire [7:0]  line_o,
  output wire        send_o,
  input  wire        line_ready_i
);
  localparam [31:0] Polynomial = 32'hedb88320;
  localparam [2:0] Idle = 3'd0, Shift = 3'd1, Store = 3'd2, Close = 3'd3, Fetch = 3'd4, Send = 3'd5;

  reg [2:0] state_q;
  // code: where the distance to the next zero belongs; of a whole frame, what is sent next.
  reg [7:0] code_q, write_q, distance_q, bits_q;
  reg [31:0] crc_q;
  reg [2:0] count_q;
  // Bytes of the check sum that are still to come, once the frame ends.
  reg ending_q;
  reg [2:0] check_q;
  reg [1:0] fetch_q;
  wire zero = bits_q == 8'd0;
  wire last = code_q == write_q;

  always_ff @(posedge clk_i) begin
    case (state_q)
      Idle: begin
        bits_q <= data_i;
        count_q <= 3'd0;
        check_q <= 3'd4;
        ending_q <= end_i;
        if (put_i || end_i) state_q <= Shift;
      end
      Shift: begin
        // Eight times, the byte comes round; of the check sum, it goes into it.
        bits_q <= {ending_q ? !crc_q[0] : bits_q[0], bits_q[7:1]};
        crc_q <= {1'b0, crc_q[31:1]} ^ (!ending_q && (crc_q[0] ^ bits_q[0]) ? Polynomial : 32'd0);
        count_q <= count_q + 1'b1;
        if (count_q == 3'd7) state_q <= Store;
      end
      Store: if (slot_i) begin
        write_q <= write_q + 1'b1;
        distance_q <= zero ? 8'd1 : distance_q + 1'b1;
        if (zero) code_q <= write_q;
        check_q <= check_q - 1'b1;
        state_q <= !ending_q ? Idle : check_q == 3'd1 ? Close : Shift;
      end
      Close: if (slot_i) begin
        code_q <= 8'd0;
        state_q <= Fetch;
      end
      Fetch: begin
        fetch_q <= {fetch_q[0], slot_i};
        if (fetch_q[1]) begin
          fetch_q <= 2'd0;
          bits_q <= last ? 8'd0 : rdata_i;
          state_q <= Send;
        end
      end
      default: if (line_ready_i) begin
        code_q <= code_q + 1'b1;
        state_q <= last ? Idle : Fetch;
      end
    endcase
    if (rst_i) state_q <= Idle;
    if (rst_i || (state_q == Send && line_ready_i && last)) begin
      code_q <= 8'd0;
      write_q <= 8'd1;
      distance_q <= 8'd1;
      crc_q <= 32'hffffffff;
      fetch_q <= 2'd0;
    end
  end
  assign ready_o = state_q == Idle;
  assign we_o = (state_q == Store || state_q == Close) && slot_i;
  assign addr_o = state_q == Store && !zero ? write_q : code_q;
  assign wdata_o = state_q == Store && !zero ? bits_q : distance_q;
  assign line_o = bits_q;
  assign send_o = state_q == Send;
endmodule
