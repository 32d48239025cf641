// CRC-32 of the image in block RAM, as zlib's: whether it has arrived as it was sent. Twin of core/src/score/int8/image.rs.
//
//   start_i   begins with word 0; length_i: how many words of 16 bits, at least one
//   addr_o    of a word; word_i: it, 3 clocks later
//   done_o    in one clock; from then on crc_o is the check sum. 8 clocks a word
module sq_score_int8_image_crc #(
  parameter integer ImageLog2 = 14
) (
  input  wire                  clk_i,
  input  wire                  rst_i,
  input  wire                  start_i,
  input  wire [ImageLog2-1:0]  length_i,
  output wire [ImageLog2-1:0]  addr_o,
  input  wire [15:0]           word_i,
  output wire                  done_o,
  output wire [31:0]           crc_o
);
  // The polynomial of IEEE 802.3, reflected; a bit of the remainder, shifted out.
  function [31:0] shifted;
    input [31:0] crc;
    shifted = {1'b0, crc[31:1]} ^ (crc[0] ? 32'hedb88320 : 32'd0);
  endfunction

  reg [ImageLog2-1:0] addr_q, left_q;
  reg [2:0] slot_q;
  reg run_q;
  reg [15:0] word_q;
  reg [31:0] crc_q;
  // Four bits a clock in the last four of eight clocks: the word is there in the fourth.
  wire [31:0] next = shifted(shifted(shifted(shifted(crc_q ^ {28'd0, word_q[3:0]}))));
  wire last = run_q && slot_q == 3'd7 && left_q == {{(ImageLog2-1){1'b0}}, 1'b1};
  always_ff @(posedge clk_i) begin
    if (rst_i) run_q <= 1'b0;
    else if (start_i) run_q <= 1'b1;
    else if (last) run_q <= 1'b0;
    slot_q <= start_i ? 3'd0 : slot_q + 3'd1;
    if (start_i) begin
      addr_q <= {ImageLog2{1'b0}};
      left_q <= length_i;
      crc_q <= 32'hffffffff;
    end else if (run_q) begin
      if (slot_q == 3'd3) word_q <= word_i;
      if (slot_q[2]) begin
        crc_q <= next;
        word_q <= {4'd0, word_q[15:4]};
      end
      if (slot_q == 3'd7) begin
        addr_q <= addr_q + 1'b1;
        left_q <= left_q - 1'b1;
      end
    end
  end
  reg done_q;
  always_ff @(posedge clk_i) done_q <= !rst_i && last;
  assign addr_o = addr_q;
  assign done_o = done_q;
  assign crc_o = ~crc_q;
endmodule
