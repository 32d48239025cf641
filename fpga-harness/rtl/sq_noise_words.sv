// Which word belongs to which site: the counters of a sweep, and its words one a clock. Twin of core/src/noise/words.rs.
//
//   counter = (step[31:0], step[43:32] << 20 | pair),  pair = site / 2;  X0 at the even site, X1 at the odd one
//
//   start_i   in a clock with phase_i = 1: pair first_i of step_i enters, and then a pair every second clock, for ever
//   latency   32 clocks from start_i to the first word, of an even site
//
// A key is a pair of words, too: under the seed as a key that of step = chain and first_i = tag, in 21 bits of sites.
module sq_noise_words #(
  parameter integer SitesLog2 = 10
) (
  input  wire         clk_i,
  input  wire         phase_i,
  input  wire         start_i,
  input  wire [SitesLog2-2:0] first_i,
  input  wire [43:0]  step_i,
  input  wire [31:0]  key0_i,
  input  wire [31:0]  key1_i,
  output wire [31:0]  word_o
);
  // Below 2^20: a lattice in block RAM has fewer sites than a key has words.
  reg  [SitesLog2-2:0] pair_q;
  wire [SitesLog2-2:0] pair = start_i ? first_i : pair_q;
  always_ff @(posedge clk_i) if (phase_i) pair_q <= pair + 1'b1;

  wire [31:0] x0, x1;
  sq_noise_threefry threefry (
    .clk_i(clk_i), .phase_i(phase_i), .key0_i(key0_i), .key1_i(key1_i),
    .c0_i(step_i[31:0]), .c1_i({step_i[43:32], 20'd0} | {{(33-SitesLog2){1'b0}}, pair}),
    .x0_o(x0), .x1_o(x1)
  );

  // A pair is there when phase_i is 0.
  reg [31:0] odd_q, word_q;
  always_ff @(posedge clk_i) begin
    odd_q <= x1;
    word_q <= phase_i ? odd_q : x0;
  end
  assign word_o = word_q;
endmodule
