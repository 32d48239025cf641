// ULX3S with an LFE5U-85F: serial line on the USB plug US1, 1,000,000 baud; button FIRE1 resets. Pins: ulx3s.lpf.
//
// 25 MHz from the oscillator, times ClockMul, over ClockIn: the VCO runs at ClockOut times that, 400 to 800 MHz
// (Lattice FPGA-TN-02200, sysCLOCK usage guide; values as `ecppll` gives them). The score has its clock from a second
// output, the VCO's over ClockSecond.
module sq_ulx3s #(
  parameter integer Pipes = 1,
  parameter integer Score = 0,
  parameter [63:0] Build = 64'd0
) (
  input  wire        clk_25mhz,
  input  wire        ftdi_txd,
  output wire        ftdi_rxd,
  input  wire        btn_fire1,
  output wire        wifi_gpio0,
  output wire [1:0]  led
);
  // 125 MHz; more chains lie further apart: 112.5 MHz; the score is large: 700/6 = 116.67 MHz.
  localparam integer ClockIn = Pipes > 1 ? 2 : 1;
  localparam integer ClockMul = Score == 1 ? 4 : Pipes > 1 ? 9 : 5;
  localparam integer ClockOut = Score == 1 ? 7 : 5;
  localparam integer ClockSecond = Score == 1 ? 6 : ClockOut;
  localparam integer ClockHz = 25_000_000 / ClockIn * ClockMul * ClockOut / ClockSecond;
  wire first, second, locked;
  wire clk = Score == 1 ? second : first;
  (* ICP_CURRENT = "12", LPF_RESISTOR = "8" *)
  EHXPLLL #(
    .PLLRST_ENA("DISABLED"), .INTFB_WAKE("DISABLED"), .STDBY_ENABLE("DISABLED"), .DPHASE_SOURCE("DISABLED"),
    .OUTDIVIDER_MUXA("DIVA"), .OUTDIVIDER_MUXB("DIVB"), .OUTDIVIDER_MUXC("DIVC"), .OUTDIVIDER_MUXD("DIVD"),
    .CLKI_DIV(ClockIn), .CLKFB_DIV(ClockMul), .FEEDBK_PATH("CLKOP"),
    .CLKOP_ENABLE("ENABLED"), .CLKOP_DIV(ClockOut), .CLKOP_CPHASE(ClockOut / 2), .CLKOP_FPHASE(0),
    .CLKOS_ENABLE(Score == 1 ? "ENABLED" : "DISABLED"), .CLKOS_DIV(ClockSecond), .CLKOS_CPHASE(ClockSecond / 2),
    .CLKOS_FPHASE(0)
  ) pll (
    .CLKI(clk_25mhz), .CLKFB(first), .CLKOP(first), .CLKOS(second), .LOCK(locked), .RST(1'b0), .STDBY(1'b0),
    .PHASESEL0(1'b0), .PHASESEL1(1'b0), .PHASEDIR(1'b1), .PHASESTEP(1'b1), .PHASELOADREG(1'b1), .PLLWAKESYNC(1'b0), .ENCLKOP(1'b0)
  );
  wire rst;
  sq_reset reset (.clk_i(clk), .good_i(locked && !btn_fire1), .rst_o(rst));
  generate
    if (Score == 1) begin : score
      sq_score_top #(.ClockHz(ClockHz), .Baud(1_000_000), .Build(Build), .Target("ulx3s score")) top (
        .clk_i(clk), .rst_i(rst), .rx_i(ftdi_txd), .tx_o(ftdi_rxd)
      );
    end else begin : chains
      sq_top #(
        .W(18), .SitesLog2(10), .Pipes(Pipes), .ClockHz(ClockHz), .Baud(1_000_000), .Build(Build), .Target("ulx3s")
      ) top (
        .clk_i(clk), .rst_i(rst), .rx_i(ftdi_txd), .tx_o(ftdi_rxd)
      );
    end
  endgenerate
  // A low level here starts the other processor of the board, which would take the FPGA's pins.
  assign wifi_gpio0 = 1'b1;
  assign led = {!ftdi_rxd, !rst};
endmodule
