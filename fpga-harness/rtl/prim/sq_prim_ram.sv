// Block RAM with one write and one read port, and registers behind the read: read latency 1 + Registers.
//
// On an ECP5 a read without a register costs a third of the clock frequency. A second register is for memories that lie far from
// their reader. A word that is written is read by addresses given from the
// next clock on; an address given in the same clock reads nothing in particular.
module sq_prim_ram #(
  parameter integer Width = 18,
  parameter integer AddrW = 11,
  parameter integer Registers = 1
) (
  input  wire              clk_i,
  input  wire              we_i,
  input  wire [AddrW-1:0]  waddr_i,
  input  wire [Width-1:0]  wdata_i,
  input  wire [AddrW-1:0]  raddr_i,
  output wire [Width-1:0]  rdata_o
);
  (* ram_style = "block", no_rw_check *) reg [Width-1:0] words [0:(1 << AddrW)-1];
  reg [Width-1:0] read_q, out_q;
  always_ff @(posedge clk_i) begin
    if (we_i) words[waddr_i] <= wdata_i;
    read_q <= words[raddr_i];
    out_q <= read_q;
  end
  generate
    if (Registers == 1) begin : near
      assign rdata_o = out_q;
    end else begin : far
      reg [Width-1:0] far_q;
      always_ff @(posedge clk_i) far_q <= out_q;
      assign rdata_o = far_q;
    end
  endgenerate
endmodule
