// The memory of the agent: block RAM that says from address 188 on what the board is. Hardware only.
//
// Two pages of 256 bytes; with several chains, two more with 16 bytes of each (sq_link_agent).
module sq_link_memory #(
  parameter integer W = 18,
  parameter integer SitesLog2 = 10,
  parameter integer Pipes = 1,
  parameter integer Score = 0,
  parameter integer Sums = 1,
  parameter [63:0] Build = 64'd0,
  parameter [95:0] Target = "sim"
) (
  input  wire        clk_i,
  input  wire        we_i,
  input  wire [9:0]  waddr_i,
  input  wire [7:0]  wdata_i,
  input  wire [9:0]  raddr_i,
  output wire [7:0]  rdata_o
);
  // link/src/identity.rs: the words are little-endian, the text is not. Protocol 1; work memory without bound; Euler, two dimensions,
  // configured by Coefficients; whether it sums, and how many chains it has. Or no lattice, and images of so many bytes, described by the host,
  // of which it draws by itself, and sums.
  localparam [31:0] Sites = 32'd1 << SitesLog2;
  localparam [7:0] Ariths = Score == 1 ? 8'd0 : W == 16 ? 8'd2 : 8'd1, Integrators = Score == 1 ? 8'd0 : 8'd1,
    Dims = Score == 1 ? 8'd0 : 8'd4;
  localparam [31:0] Image = Score == 1 ? 32'hfffe : 32'd0;
  localparam [31:0] Chains = Pipes, Flags = Score == 1 ? 32'd6 : 32'd2 + 4 * Sums + 8 * (Chains - 32'd1);
  localparam [287:0] Words = {
    Build, Flags[7:0], Dims, Integrators, Ariths, Image, Sites, 32'hffffffff, Sites, 16'd0, 16'd1, 32'h6469_5153
  };

  localparam integer AddrW = Pipes > 1 ? 10 : 9;

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

  (* ram_style = "block", no_rw_check *) reg [7:0] words [0:(1 << AddrW)-1];
  integer i;
  initial begin
    for (i = 0; i < 1 << AddrW; i = i + 1) words[i] = 8'd0;
    for (i = 0; i < 36; i = i + 1) words[188 + i] = Words[8*i +: 8];
    for (i = 0; i < 12; i = i + 1) words[224 + i] = Text[88 - 8*i +: 8];
    words[246] = Chains[7:0];
  end
  reg [7:0] read_q, out_q;
  always_ff @(posedge clk_i) begin
    if (we_i) words[waddr_i[AddrW-1:0]] <= wdata_i;
    read_q <= words[raddr_i[AddrW-1:0]];
    out_q <= read_q;
  end
  assign rdata_o = out_q;
  wire unused = &{1'b0, waddr_i[9], raddr_i[9]};
endmodule
