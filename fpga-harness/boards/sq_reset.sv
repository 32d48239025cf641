// Reset of a board: from when the clock is good, released in step with it.
//
// A start value of 0 is what configuration leaves in a flip-flop of an ECP5 and of an iCE40.
module sq_reset (
  input  wire clk_i,
  // Asynchronous: the clock is good, and nobody asks for a reset.
  input  wire good_i,
  output wire rst_o
);
  reg [7:0] count_q = 8'd0;
  reg [1:0] good_q = 2'd0;
  reg rst_q = 1'b1;
  always_ff @(posedge clk_i) begin
    good_q <= {good_q[0], good_i};
    // Longer than what travels beside the data without a reset.
    if (!good_q[1]) count_q <= 8'd0;
    else if (!count_q[7]) count_q <= count_q + 1'b1;
    rst_q <= !count_q[7];
  end
  assign rst_o = rst_q;
endmodule
