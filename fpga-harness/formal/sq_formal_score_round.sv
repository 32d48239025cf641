// sq_score_int8_arithmetic_round against its definition: the nearest number, the one further from zero of two as near, within ±Largest.
module sq_formal_score_round #(
  parameter integer In = 32,
  parameter integer Out = 16
) (
  input  wire                  clk_i,
  input  wire signed [In-1:0]  x_i
);
  localparam signed [63:0] Largest = (64'sd1 << (Out - 1)) - 64'sd1;
  (* anyconst *) reg [4:0] shift;
  always @* assume (shift >= 1 && shift <= 24);

  wire signed [Out-1:0] y;
  sq_score_int8_arithmetic_round #(.In(In), .Out(Out)) dut (.clk_i(clk_i), .shift_i(shift), .x_i(x_i), .y_o(y));

  wire [63:0] half = 64'd1 << (shift - 1);
  wire signed [63:0] wide = x_i;
  wire [63:0] size = wide < 0 ? -wide : wide;
  // The domain of the module.
  always @* assume (size < (64'd1 << (In - 1)) - half);
  reg signed [63:0] x_q [0:3];
  reg [2:0] age_q = 0;
  integer n;
  always @(posedge clk_i) begin
    x_q[0] <= wide;
    for (n = 1; n < 4; n = n + 1) x_q[n] <= x_q[n-1];
    if (age_q != 7) age_q <= age_q + 1;
  end
  wire [63:0] magnitude = x_q[3] < 0 ? -x_q[3] : x_q[3];
  wire [63:0] nearest = (magnitude + half) >> shift;
  wire signed [63:0] within = nearest > Largest ? Largest : nearest;
  wire signed [63:0] got = y;
  // After the shift has been there for two clocks, and a number for four.
  always @(posedge clk_i) if (age_q == 7) assert (got == (x_q[3] < 0 ? -within : within));
endmodule
