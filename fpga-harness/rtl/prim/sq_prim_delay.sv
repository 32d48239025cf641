// What came in Clocks clocks ago, Clocks >= 3.
//
// Registers; with SQ_DELAYS_IN_RAM a ring in block RAM, where a chip has more of that than of registers: an iCE40, on which a register that
// only waits takes a logic cell.
module sq_prim_delay #(
  parameter integer Width = 18,
  parameter integer Clocks = 7
) (
  input  wire              clk_i,
  input  wire [Width-1:0]  d_i,
  output wire [Width-1:0]  d_o
);
`ifdef SQ_DELAYS_IN_RAM
  (* ram_style = "block", no_rw_check *) reg [Width-1:0] ring [0:15];
  // Wherever it begins: a distance of Clocks - 1, and the read's own clock.
  localparam [31:0] Back = Clocks - 1;
  reg [3:0] at_q;
  wire [3:0] then_at = at_q - Back[3:0];
  reg [Width-1:0] out_q;
  always_ff @(posedge clk_i) begin
    at_q <= at_q + 4'd1;
    ring[at_q] <= d_i;
    out_q <= ring[then_at];
  end
  assign d_o = out_q;
`else
  reg [Width*Clocks-1:0] line_q;
  always_ff @(posedge clk_i) line_q <= {line_q[Width*(Clocks-1)-1:0], d_i};
  assign d_o = line_q[Width*Clocks-1 -: Width];
`endif
endmodule
