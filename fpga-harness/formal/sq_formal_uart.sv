// A byte that sq_link_uart sends is what another one receives, once, bit for bit; and a byte is taken only when it is offered.
//
// Two ends of one line with the smallest divider, the second byte as soon as the first has gone. From reset on, for as long as both take.
module sq_formal_uart #(
  parameter integer Divider = 4
) (
  input  wire  clk_i
);
  (* anyconst *) reg [7:0] first;
  (* anyconst *) reg [7:0] second;
  reg [7:0] age_q = 0;
  // Bytes that were taken, and that came.
  reg [1:0] taken_q = 0, came_q = 0;
  wire line, ready, valid;
  wire [7:0] data;
  // The first byte at once, the second when ready and up to seven clocks later.
  (* anyconst *) reg [2:0] pause;
  // Clocks since the last byte was taken.
  reg [7:0] since_q = 0;
  wire send = taken_q == 0 ? age_q == 2 : taken_q == 1 && since_q > 10 * Divider + pause;
  sq_link_uart #(.Divider(Divider)) dut (
    .clk_i(clk_i), .rst_i(age_q < 2), .rx_i(line), .tx_o(line), .data_o(data), .valid_o(valid),
    .data_i(taken_q == 0 ? first : second), .send_i(send), .ready_o(ready)
  );
  always @(posedge clk_i) begin
    if (age_q != 255) age_q <= age_q + 1;
    since_q <= send && ready && age_q >= 2 ? 1 : since_q == 0 || since_q == 255 ? since_q : since_q + 1;
    if (send && ready && age_q >= 2) taken_q <= taken_q + 1;
    if (valid && age_q >= 2) came_q <= came_q + 1;
    if (age_q >= 2) begin
      if (valid) assert (came_q < taken_q && data == (came_q == 0 ? first : second));
      // A byte has come when the next one has begun.
      if (since_q == 5) assert (came_q + 1 == taken_q);
      if (since_q == 10 * Divider + 4) assert (came_q == taken_q);
      // Busy for ten bits and no longer.
      assert (ready == (since_q == 0 || since_q > 10 * Divider));
    end
  end
endmodule
