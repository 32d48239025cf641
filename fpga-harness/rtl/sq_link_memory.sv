// The memory of the agent: block RAM whose upper 64 bytes of the lower page say what the board is. Hardware only.
module sq_link_memory #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter [63:0] Build = 64'd0,
  parameter [95:0] Target = "sim"
) (
  input  wire        clk_i,
  input  wire        we_i,
  input  wire [8:0]  waddr_i,
  input  wire [7:0]  wdata_i,
  input  wire [8:0]  raddr_i,
  output wire [7:0]  rdata_o
);
  // link/src/identity.rs: the words are little-endian, the text is not. Protocol 1; work memory without bound; Euler, two dimensions,
  // configured by Coefficients.
  localparam [31:0] Sites = 32'd1 << SitesLog2;
  localparam [7:0] Ariths = W == 16 ? 8'd2 : 8'd1;
  localparam [287:0] Words = {Build, 8'd2, 8'd4, 8'd1, Ariths, 32'd0, Sites, 32'hffffffff, Sites, 16'd0, 16'd1, 32'h6469_5153};

  // A string stands to the right of zeros; here they follow it.
  function [95:0] left;
    input [95:0] text;
    integer n;
    begin
      left = text;
      for (n = 0; n < 12; n = n + 1) if (left[95:88] == 8'd0) left = {left[87:0], 8'd0};
    end
  endfunction
  localparam [95:0] Text = left(Target);

  (* ram_style = "block", no_rw_check *) reg [7:0] words [0:511];
  integer i;
  initial begin
    for (i = 0; i < 512; i = i + 1) words[i] = 8'd0;
    for (i = 0; i < 36; i = i + 1) words[188 + i] = Words[8*i +: 8];
    for (i = 0; i < 12; i = i + 1) words[224 + i] = Text[88 - 8*i +: 8];
  end
  reg [7:0] read_q, out_q;
  always_ff @(posedge clk_i) begin
    if (we_i) words[waddr_i] <= wdata_i;
    read_q <= words[raddr_i];
    out_q <= read_q;
  end
  assign rdata_o = out_q;
endmodule
