// x/2^shift to nearest, ties away from zero, within ±(2^(Out-1) - 1). Twin of core/src/score/int8/arithmetic.rs: round_shift, saturate.
//
//   shift_i   1 to 24; set two clocks before x_i, and until two clocks after
//   x_i       |x| < 2^(In-1) - 2^(shift-1)
//   y_o       4 clocks after x_i
module sq_score_int8_arithmetic_round #(
  parameter integer In = 32,
  parameter integer Out = 16
) (
  input  wire                   clk_i,
  input  wire        [4:0]      shift_i,
  input  wire signed [In-1:0]   x_i,
  output wire signed [Out-1:0]  y_o
);
  reg [4:0] shift_q;
  reg [In-1:0] half_q, below_q;
  reg signed [In-1:0] sum_q, coarse_q, fine_q;
  reg signed [Out-1:0] y_q;
  wire [In:0] power = {{In{1'b0}}, 1'b1} << shift_i;
  wire agrees = fine_q[In-1:Out-1] == {(In-Out+1){fine_q[In-1]}};
  wire lowest = fine_q[In-1] && fine_q[Out-2:0] == {(Out-1){1'b0}};
  always_ff @(posedge clk_i) begin
    shift_q <= shift_i;
    half_q <= power[In:1];
    below_q <= power[In:1] - 1'b1;
    sum_q <= x_i + $signed(x_i[In-1] ? below_q : half_q);
    coarse_q <= sum_q >>> {shift_q[4:3], 3'd0};
    fine_q <= coarse_q >>> shift_q[2:0];
    y_q <= agrees && !lowest ? fine_q[Out-1:0] : {fine_q[In-1], {(Out-2){!fine_q[In-1]}}, 1'b1};
  end
  assign y_o = y_q;
  wire unused = &{1'b0, power[0]};
endmodule
