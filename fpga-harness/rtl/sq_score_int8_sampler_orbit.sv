// The orbit of a mode, one mode a clock. Twin of core/src/score/int8/sampler.rs: orbit.
//
//   log2_i    L = 2^log2_i, from 4 to 2^MaxLog2; constant while modes come
//   mode_i    i·L + j, in its lower bits
//   orbit_o   5 clocks later: below (L/2 + 1)(L/2 + 2)/2
//
// MaxLog2 is 5 at most, OrbitsLog2 8 at most and large enough for the largest L.
module sq_score_int8_sampler_orbit #(
  parameter integer MaxLog2 = 5,
  parameter integer OrbitsLog2 = 8
) (
  input  wire                   clk_i,
  input  wire [2:0]             log2_i,
  input  wire [2*MaxLog2-1:0]   mode_i,
  output wire [OrbitsLog2-1:0]  orbit_o
);
  // Row and column, and whether they are L/2 or more.
  wire [9:0] mode = {{(10-2*MaxLog2){1'b0}}, mode_i};
  reg [4:0] i_q, j_q, all_q;
  reg i_upper_q, j_upper_q;
  always_ff @(posedge clk_i) begin
    case (log2_i)
      3'd2: {i_q, j_q, i_upper_q, j_upper_q, all_q} <= {3'd0, mode[3:2], 3'd0, mode[1:0], mode[3], mode[1], 5'd3};
      3'd3: {i_q, j_q, i_upper_q, j_upper_q, all_q} <= {2'd0, mode[5:3], 2'd0, mode[2:0], mode[5], mode[2], 5'd7};
      3'd4: {i_q, j_q, i_upper_q, j_upper_q, all_q} <= {1'd0, mode[7:4], 1'd0, mode[3:0], mode[7], mode[3], 5'd15};
      default: {i_q, j_q, i_upper_q, j_upper_q, all_q} <= {mode, mode[9], mode[4], 5'd31};
    endcase
  end

  // L less what is L/2 or more: L/2 itself goes to itself. Then the smaller first.
  reg [4:0] i_fold_q, j_fold_q, low_q, high_q;
  wire swap = i_fold_q > j_fold_q;
  always_ff @(posedge clk_i) begin
    i_fold_q <= i_upper_q ? (5'd0 - i_q) & all_q : i_q;
    j_fold_q <= j_upper_q ? (5'd0 - j_q) & all_q : j_q;
    low_q <= swap ? j_fold_q : i_fold_q;
    high_q <= swap ? i_fold_q : j_fold_q;
  end

  // low·(L/2 + 1) - low(low - 1)/2 + high - low, modulo 2^8.
  reg [7:0] times, triangle, times_q, rest_q, orbit_q;
  always_comb begin
    case (log2_i)
      3'd2: times = {2'd0, low_q, 1'd0};
      3'd3: times = {1'd0, low_q, 2'd0};
      3'd4: times = {low_q, 3'd0};
      default: times = {low_q[3:0], 4'd0};
    endcase
    case (low_q)
      5'd2: triangle = 8'd1;
      5'd3: triangle = 8'd3;
      5'd4: triangle = 8'd6;
      5'd5: triangle = 8'd10;
      5'd6: triangle = 8'd15;
      5'd7: triangle = 8'd21;
      5'd8: triangle = 8'd28;
      5'd9: triangle = 8'd36;
      5'd10: triangle = 8'd45;
      5'd11: triangle = 8'd55;
      5'd12: triangle = 8'd66;
      5'd13: triangle = 8'd78;
      5'd14: triangle = 8'd91;
      5'd15: triangle = 8'd105;
      5'd16: triangle = 8'd120;
      default: triangle = 8'd0;
    endcase
  end
  always_ff @(posedge clk_i) begin
    times_q <= times;
    rest_q <= {3'd0, high_q} - triangle;
    orbit_q <= times_q + rest_q;
  end
  assign orbit_o = orbit_q[OrbitsLog2-1:0];
  wire unused = &{1'b0, orbit_q};
endmodule
