// Bytes of a line to frames: COBS undone, CRC-32 checked. Twin of link/src/frame.rs (Receiver).
//
// Frames lie one after the other in a ring of 512 bytes, as they come:
//
//   [length u8][opcode u8][session u16][number u16][payload][CRC-32 u32]   length: of all that follows it, 9 to 249
//   [0]  what was no frame      [1]  a frame with a wrong check sum
//
// Whoever reads takes byte after byte with next_i, may begin again with rewind_i, says with bound_i how many bytes follow the first one
// (bound_length_i), and gives the room back with release_i, once or more often. Where there is no room, a frame is lost, and what does not even find room for one byte is not counted.
//
//   valid_i   a byte, at least 10 clocks after the one before
//   data_o    the next byte, 3 clocks after next_i or rewind_i
//   avail_o   there is something to read that has not been released; data_o is its first byte 4 clocks later
module sq_link_frame_rx (
  input  wire        clk_i,
  input  wire        rst_i,
  input  wire [7:0]  data_i,
  input  wire        valid_i,
  output wire        avail_o,
  output wire [7:0]  data_o,
  input  wire        next_i,
  input  wire        rewind_i,
  input  wire        bound_i,
  input  wire [7:0]  bound_length_i,
  input  wire        release_i
);
  localparam [7:0] Framing = 8'd0, Checksum = 8'd1, Shortest = 8'd9, Longest = 8'd249;
  // What a register of CRC-32 holds after a frame and its check sum.
  localparam [31:0] Residue = 32'hdebb20e3, Polynomial = 32'hedb88320;

  // first: of the frame that is coming, where its length will be; tail: of the one that is read.
  reg [8:0] first_q, write_q, tail_q, read_q, end_q;
  reg inside_q, lost_q, chain_q;
  reg [7:0] run_q, length_q;
  reg [31:0] crc_q;
  reg [7:0] bits_q;
  reg [3:0] left_q;

  wire zero = data_i == 8'd0;
  wire [8:0] after_first = first_q + 1'b1;
  // Seen a clock late: bytes come ten bits of the line apart. ended_q: the run of a code byte is over.
  reg ended_q, longest_q, short_q, full_q, none_q, right_q;
  // A byte of the frame, an end of it, and what becomes of it.
  wire byte_here = valid_i && inside_q && !zero && (!ended_q || !chain_q);
  wire too_long = byte_here && (longest_q || full_q);
  wire put = byte_here && !too_long;
  wire end_here = valid_i && inside_q && zero;
  wire whole = end_here && ended_q && !short_q && !full_q;
  wire damaged = too_long || (end_here && !(whole && right_q));

  always_ff @(posedge clk_i) begin
    ended_q <= run_q == 8'd0;
    longest_q <= length_q == Longest;
    short_q <= length_q < Shortest;
    full_q <= write_q == tail_q;
    none_q <= after_first == tail_q;
    right_q <= crc_q == Residue;
    if (valid_i) begin
      if (lost_q) lost_q <= !zero;
      else if (!inside_q) begin
        write_q <= after_first;
        length_q <= 8'd0;
        inside_q <= !zero && !none_q;
        lost_q <= !zero && none_q;
      end
      if (!inside_q || ended_q) begin
        run_q <= data_i - 1'b1;
        chain_q <= data_i == 8'hff;
      end else run_q <= run_q - 1'b1;
      if (put) begin
        write_q <= write_q + 1'b1;
        length_q <= length_q + 1'b1;
      end
      if (end_here || too_long) inside_q <= 1'b0;
      if (too_long) lost_q <= 1'b1;
      if (damaged) first_q <= after_first;
      else if (end_here) first_q <= write_q;
    end
    if (valid_i && !inside_q) crc_q <= 32'hffffffff;
    else if (left_q != 4'd0) crc_q <= {1'b0, crc_q[31:1]} ^ (crc_q[0] ^ bits_q[0] ? Polynomial : 32'd0);
    if (put) begin
      bits_q <= ended_q ? 8'd0 : data_i;
      left_q <= 4'd8;
    end else if (left_q != 4'd0) begin
      bits_q <= {1'b0, bits_q[7:1]};
      left_q <= left_q - 1'b1;
    end
    if (bound_i) end_q <= tail_q + {1'b0, bound_length_i} + 1'b1;
    if (release_i) begin
      tail_q <= end_q;
      read_q <= end_q;
    end else if (rewind_i) read_q <= tail_q;
    else if (next_i) read_q <= read_q + 1'b1;
    if (rst_i) begin
      {first_q, tail_q, read_q, end_q} <= 36'd0;
      {inside_q, lost_q} <= 2'd0;
      left_q <= 4'd0;
    end
  end
  assign avail_o = tail_q != first_q;

  wire [7:0] mark = damaged ? {7'd0, whole && !right_q} : length_q;
  // What is written, and a clock later the memory.
  wire ring_we = put || damaged || end_here;
  wire [8:0] ring_waddr = put ? write_q : first_q;
  reg ring_we_q;
  reg [8:0] ring_waddr_q;
  reg [7:0] ring_wdata_q;
  always_ff @(posedge clk_i) begin
    ring_we_q <= ring_we;
    ring_waddr_q <= ring_waddr;
    ring_wdata_q <= put ? (ended_q ? 8'd0 : data_i) : mark;
  end
  sq_prim_ram #(.Width(8), .AddrW(9)) ring (
    .clk_i(clk_i), .we_i(ring_we_q), .waddr_i(ring_waddr_q), .wdata_i(ring_wdata_q), .raddr_i(read_q), .rdata_o(data_o)
  );
  wire unused = &{1'b0, Framing, Checksum};
endmodule
