// Induction in two halves, so that each says PASS or FAIL. BASE: claims hold in the first clocks from reset on. STEP: from any state,
// if they hold for STEP clocks they hold in the next. Included in a module whose clock is clk_i.
`ifdef STEP
reg [7:0] clock_q = 0;
always @(posedge clk_i) clock_q <= clock_q + 1;
`define CLAIM(x) if (clock_q < `STEP) assume (x ); else assert (x )
`define START(x)
`else
`define CLAIM(x) assert (x )
`define START(x) = x
`endif
