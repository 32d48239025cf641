// iCEBreaker with a UP5K: serial line on the USB plug, 1,000,000 baud; the button resets. Pins: icebreaker.pcf.
//
// 512 sites: with the link's, the 30 memory blocks hold no two fields of 1024, three times.
//
// 12 MHz from the oscillator, times 64, over 32: 24 MHz (Lattice FPGA-TN-02052, sysCLOCK PLL usage guide; values as `icepll` gives them).
module sq_icebreaker #(
  parameter [63:0] Build = 64'd0
) (
  input  wire CLK,
  input  wire RX,
  output wire TX,
  input  wire BTN_N,
  output wire LEDR_N,
  output wire LEDG_N
);
  wire clk, locked;
  SB_PLL40_PAD #(
    .FEEDBACK_PATH("SIMPLE"), .PLLOUT_SELECT("GENCLK"),
    .DIVR(4'd0), .DIVF(7'd63), .DIVQ(3'd5), .FILTER_RANGE(3'd1)
  ) pll (
    .PACKAGEPIN(CLK), .PLLOUTGLOBAL(clk), .LOCK(locked), .RESETB(1'b1), .BYPASS(1'b0)
  );
  wire rst;
  sq_reset reset (.clk_i(clk), .good_i(locked && BTN_N), .rst_o(rst));
  // With sums it places in 98 % of the logic cells, and does not route.
  sq_top #(
    .W(16), .SitesLog2(9), .Sums(0), .Bonds(0), .ClockHz(24_000_000), .Baud(1_000_000), .Build(Build), .Target("icebreaker")
  ) top (
    .clk_i(clk), .rst_i(rst), .rx_i(RX), .tx_o(TX)
  );
  assign LEDR_N = TX;
  assign LEDG_N = rst;
endmodule
