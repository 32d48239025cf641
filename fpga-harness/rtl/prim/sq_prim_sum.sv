// The sum of N signed numbers of Width bits, a level of the tree a clock. Latency: Levels, at least ⌈log2 N⌉, clocks.
module sq_prim_sum #(
  parameter integer N = 5,
  parameter integer Width = 32,
  parameter integer Levels = 3
) (
  input  wire                           clk_i,
  input  wire        [N*Width-1:0]      x_i,
  output wire signed [Width+Levels-1:0] sum_o
);
  genvar l, n;
  generate
    for (l = 0; l <= Levels; l = l + 1) begin : level
      localparam integer Count = (N + (1 << l) - 1) >> l;
      localparam integer Bits = Width + l;
      wire [Count*Bits-1:0] x;
      if (l == 0) begin : first
        assign x = x_i;
      end else begin : further
        localparam integer Before = (N + (1 << (l - 1)) - 1) >> (l - 1);
        for (n = 0; n < Count; n = n + 1) begin : pair
          wire signed [Bits-2:0] a = level[l-1].x[(2*n)*(Bits-1) +: Bits-1];
          reg signed [Bits-1:0] sum_q;
          if (2 * n + 1 < Before) begin : two
            wire signed [Bits-2:0] b = level[l-1].x[(2*n+1)*(Bits-1) +: Bits-1];
            always_ff @(posedge clk_i) sum_q <= {a[Bits-2], a} + {b[Bits-2], b};
          end else begin : one
            always_ff @(posedge clk_i) sum_q <= {a[Bits-2], a};
          end
          assign x[n*Bits +: Bits] = sum_q;
        end
      end
    end
  endgenerate
  assign sum_o = level[Levels].x;
endmodule
