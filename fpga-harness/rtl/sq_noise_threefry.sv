// Threefry-2x32-20, a pair of words every second clock. Twin of core/src/noise/threefry.rs.
//
// Ten rounds stand in hardware and every counter goes through them twice. A loop of 15 registers (a round a stage, a subkey after every
// second round) is of odd length: what comes round again meets the clocks in which nothing new enters. The subkeys of the first pass come
// after rounds 4 and 8, of the second after 12, 16 and 20, so each of the five places serves one pass and lets the other through.
//
//   phase_i   1 every second clock: (c0, c1) enters
//   latency   31 clocks; (x0, x1) is there for one clock
module sq_noise_threefry (
  input  wire         clk_i,
  input  wire         phase_i,
  input  wire [31:0]  key0_i,
  input  wire [31:0]  key1_i,
  input  wire [31:0]  c0_i,
  input  wire [31:0]  c1_i,
  output wire [31:0]  x0_o,
  output wire [31:0]  x1_o
);
`include "sq_noise_threefry_gen.svh"

  // Key schedule: constant from one configuration to the next. Of group g: k[g mod 3] and k[(g+1) mod 3] + g.
  reg [31:0] k2_q;
  reg [31:0] second1_q, second2_q, second3_q, second4_q, second5_q;
  always_ff @(posedge clk_i) begin
    k2_q <= key0_i ^ key1_i ^ Parity;
    second1_q <= k2_q + 32'd1;
    second2_q <= key0_i + 32'd2;
    second3_q <= key1_i + 32'd3;
    second4_q <= k2_q + 32'd4;
    second5_q <= key0_i + 32'd5;
  end

  // What enters, its first subkey added.
  reg [31:0] in0_q, in1_q;
  reg phase_q;
  always_ff @(posedge clk_i) begin
    in0_q <= c0_i + key0_i;
    in1_q <= c1_i + key1_i;
    phase_q <= phase_i;
  end

  // What is behind each stage; in front of the first is what enters, or what comes round.
  reg [479:0] x0_q, x1_q;
  // Stage s works on the first pass in every second clock: in those in which phase_q has the parity of s.
  genvar s;
  generate
    for (s = 0; s < 15; s = s + 1) begin : stage
      // Two rounds and a subkey, five times: round 2·(s/3) + s mod 3 of the pass.
      localparam integer Round = 2 * (s / 3) + s % 3;
      wire first_pass = (s % 2 == 0) ? phase_q : !phase_q;
      wire [31:0] in0, in1;
      if (s == 0) begin : enter
        assign in0 = phase_q ? in0_q : x0_q[479:448];
        assign in1 = phase_q ? in1_q : x1_q[479:448];
      end else begin : pass
        assign in0 = x0_q[32*(s-1) +: 32];
        assign in1 = x1_q[32*(s-1) +: 32];
      end
      if (s % 3 == 2) begin : subkey
        // Of groups 3, 1, 4, 2 and 5: k[g mod 3] and k[(g+1) mod 3] + g.
        wire mine = (s == 5 || s == 11) ? first_pass : !first_pass;
        wire [31:0] a = (s == 2) ? key0_i : (s == 5 || s == 8) ? key1_i : k2_q;
        wire [31:0] b = (s == 2) ? second3_q : (s == 5) ? second1_q : (s == 8) ? second4_q : (s == 11) ? second2_q : second5_q;
        always_ff @(posedge clk_i) begin
          x0_q[32*s +: 32] <= in0 + (a & {32{mine}});
          x1_q[32*s +: 32] <= in1 + (b & {32{mine}});
        end
      end else begin : round
        localparam integer RotA = {24'd0, Rotations[8*Round +: 8]};
        localparam integer RotB = {24'd0, Rotations[8*(Round + 10) +: 8]};
        wire [31:0] sum = in0 + in1;
        wire [31:0] turned = first_pass ? {in1[31-RotA:0], in1[31:32-RotA]} : {in1[31-RotB:0], in1[31:32-RotB]};
        always_ff @(posedge clk_i) begin
          x0_q[32*s +: 32] <= sum;
          x1_q[32*s +: 32] <= turned ^ sum;
        end
      end
    end
  endgenerate

  assign x0_o = x0_q[479:448];
  assign x1_o = x1_q[479:448];
endmodule
