// x/2^shift to nearest, ties away from zero, within ±(2^(Out-1) - 1): one requantisation and one saturation. Twin of
// core/src/score/int8/arithmetic.rs.
//
//   shift_i   1 to 24; set two clocks before the x_i that it is for
//   x_i       In bits signed, |x| < 2^(In-1) - 2^(shift-1)
//   y_o       Out bits signed, symmetric
//   latency   4 clocks, a number a clock
module sq_score_int8_arithmetic_round #(
  parameter integer In = 32,
  parameter integer Out = 16
) (
  input  wire                   clk_i,
  input  wire        [4:0]      shift_i,
  input  wire signed [In-1:0]   x_i,
  output wire signed [Out-1:0]  y_o
);
  // Half of the result's unit; less one where x is negative, so that ties go away from zero on both sides.
  wire [31:0] unit = 32'd1 << shift_i, below = ~(32'hffffffff << shift_i);
  wire [In-1:0] half, less;
  generate
    if (In > 31) begin : wide
      assign half = {{(In-31){1'b0}}, unit[31:1]};
      assign less = {{(In-31){1'b0}}, below[31:1]};
    end else begin : narrow
      assign half = unit[In:1];
      assign less = below[In:1];
    end
  endgenerate
  reg [4:0] shift_q;
  reg signed [In-1:0] half_q, less_q, sum_q, coarse_q, fine_q;
  // By 8, 16 and 24 first, by 1 to 7 then.
  reg signed [In-1:0] coarse;
  always_comb begin
    case (shift_q[4:3])
      2'd0: coarse = sum_q;
      2'd1: coarse = sum_q >>> 8;
      2'd2: coarse = sum_q >>> 16;
      default: coarse = sum_q >>> 24;
    endcase
  end
  wire signed [Out-1:0] y;
  sq_score_int8_arithmetic_saturate #(.In(In), .Out(Out)) saturate (.x_i(fine_q), .y_o(y));
  reg signed [Out-1:0] y_q;
  always_ff @(posedge clk_i) begin
    shift_q <= shift_i;
    half_q <= half;
    less_q <= less;
    sum_q <= x_i + (x_i[In-1] ? less_q : half_q);
    coarse_q <= coarse;
    fine_q <= coarse_q >>> shift_q[2:0];
    y_q <= y;
  end
  assign y_o = y_q;

  wire unused = &{1'b0, unit, below};
endmodule
