// OrangeCrab r0.2 with an LFE5U-25F: serial line on the header, pin 0 to the board, pin 1 from it, 3.3 V, 1,000,000 baud; the
// button resets. Pins: orangecrab.lpf. The USB plug goes to the FPGA itself, and needs more than a serial line: it only loads.
//
// 48 MHz from the oscillator, times 12/5: 115.2 MHz, with the VCO at 576 MHz (Lattice FPGA-TN-02200, sysCLOCK usage guide).
module sq_orangecrab #(
  parameter integer Pipes = 4,
  parameter [63:0] Build = 64'd0
) (
  input  wire        clk_48mhz,
  input  wire        rx,
  output wire        tx,
  input  wire        btn_n,
  output wire [1:0]  led_n
);
  wire clk, locked;
  (* ICP_CURRENT = "12", LPF_RESISTOR = "8" *)
  EHXPLLL #(
    .PLLRST_ENA("DISABLED"), .INTFB_WAKE("DISABLED"), .STDBY_ENABLE("DISABLED"), .DPHASE_SOURCE("DISABLED"),
    .OUTDIVIDER_MUXA("DIVA"), .OUTDIVIDER_MUXB("DIVB"), .OUTDIVIDER_MUXC("DIVC"), .OUTDIVIDER_MUXD("DIVD"),
    .CLKI_DIV(5), .CLKFB_DIV(12), .FEEDBK_PATH("CLKOP"),
    .CLKOP_ENABLE("ENABLED"), .CLKOP_DIV(5), .CLKOP_CPHASE(2), .CLKOP_FPHASE(0)
  ) pll (
    .CLKI(clk_48mhz), .CLKFB(clk), .CLKOP(clk), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1), .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
  );
  wire rst;
  sq_reset reset (.clk_i(clk), .good_i(locked && btn_n), .rst_o(rst));
  // Four chains take all multipliers: none is left for Σ φ·nn.
  sq_top #(
    .W(18), .SitesLog2(10), .Pipes(Pipes), .Bonds(0), .ClockHz(115_200_000), .Baud(1_000_000), .Build(Build), .Target("orangecrab")
  ) top (
    .clk_i(clk), .rst_i(rst), .rx_i(rx), .tx_o(tx)
  );
  assign led_n = {tx, rst};
endmodule
