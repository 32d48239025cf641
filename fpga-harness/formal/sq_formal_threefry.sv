// sq_noise_threefry against Threefry-2x32-20 written out: 20 rounds in 30 stages without a loop, each stage compared with the place in the
// loop that does its work. For every key and every counter.
//
// Rotations and parity are typed here from the paper (Salmon, Moraes, Dror, Shaw, SC11), not read from the generated file.
module sq_formal_threefry (
  input  wire         clk_i,
  input  wire [31:0]  c0_i,
  input  wire [31:0]  c1_i
);
  (* anyconst *) reg [31:0] key0_i;
  (* anyconst *) reg [31:0] key1_i;
`include "sq_formal_claim.svh"
  reg phase_q `START(0);
  always @(posedge clk_i) phase_q <= !phase_q;
  wire [31:0] x0, x1;
  sq_noise_threefry dut (
    .clk_i(clk_i), .phase_i(phase_q), .key0_i(key0_i), .key1_i(key1_i), .c0_i(c0_i), .c1_i(c1_i), .x0_o(x0), .x1_o(x1)
  );
  (* hierconn *) wire [479:0] \dut.x0_q , \dut.x1_q ;

  localparam [63:0] Rotations = {8'd24, 8'd16, 8'd29, 8'd17, 8'd6, 8'd26, 8'd15, 8'd13};
  wire [95:0] key = {key0_i ^ key1_i ^ 32'h1BD11BDA, key1_i, key0_i};

  // ref0[s] is behind stage s: stages 3g and 3g + 1 are rounds 2g and 2g + 1, stage 3g + 2 adds subkey (g + 1) / 2 where that is due.
  // enters_q[n]: what is n + 1 clocks old entered.
  reg [31:0] in0_q, in1_q, ref0 [0:29], ref1 [0:29];
  reg [30:0] enters_q `START(0);
  reg [5:0] age_q `START(0);
  always @(posedge clk_i) begin
    in0_q <= c0_i + key[31:0];
    in1_q <= c1_i + key[63:32];
    enters_q <= {enters_q[29:0], phase_q && age_q >= 4};
    if (age_q != 40) age_q <= age_q + 1;
    // For induction: what enters does so in clocks of one parity, and keys are settled before anything enters.
    `CLAIM((enters_q & {31'h55555555 & {31{phase_q}} | 31'h2aaaaaaa & {31{!phase_q}}}) == 0);
    if (enters_q != 0) begin `CLAIM(age_q > 4); end
    `CLAIM(age_q <= 40);
    `CLAIM(enters_q[30:1] == 0 || age_q > 5);
  end
  genvar s;
  generate
    for (s = 0; s < 30; s = s + 1) begin : stage
      wire [31:0] in0 = s == 0 ? in0_q : ref0[s == 0 ? 0 : s - 1];
      wire [31:0] in1 = s == 0 ? in1_q : ref1[s == 0 ? 0 : s - 1];
      if (s % 3 == 2) begin : subkey
        // After round 2g + 2, g = s / 3: a subkey after every fourth.
        localparam integer Group = (s / 3 + 1) / 2;
        if ((s / 3) % 2 == 1) begin : adds
          always @(posedge clk_i) begin
            ref0[s] <= in0 + key[32*(Group % 3) +: 32];
            ref1[s] <= in1 + key[32*((Group + 1) % 3) +: 32] + Group;
          end
        end else begin : passes
          always @(posedge clk_i) begin
            ref0[s] <= in0;
            ref1[s] <= in1;
          end
        end
      end else begin : round
        localparam integer Rot = {24'd0, Rotations[8*((2 * (s / 3) + s % 3) % 8) +: 8]};
        always @(posedge clk_i) begin
          ref0[s] <= in0 + in1;
          ref1[s] <= {in1[31-Rot:0], in1[31:32-Rot]} ^ (in0 + in1);
        end
      end
      // Behind stage s after s + 2 clocks.
      always @(posedge clk_i) if (enters_q[s+1]) begin
        `CLAIM(\dut.x0_q [32*(s%15) +: 32] == ref0[s]);
        `CLAIM(\dut.x1_q [32*(s%15) +: 32] == ref1[s]);
      end
    end
  endgenerate

  // Entered 31 clocks ago.
  always @(posedge clk_i) if (enters_q[30]) begin
    `CLAIM(x0 == ref0[29]);
    `CLAIM(x1 == ref1[29]);
  end

  // State that the loop keeps.
  (* hierconn *) wire \dut.phase_q ;
  (* hierconn *) wire [31:0] \dut.in0_q , \dut.in1_q , \dut.k2_q ;
  (* hierconn *) wire [31:0] \dut.second1_q , \dut.second2_q , \dut.second3_q , \dut.second4_q , \dut.second5_q ;
  always @(posedge clk_i) begin
    if (age_q >= 1) begin
      `CLAIM(\dut.phase_q == !phase_q);
      `CLAIM(\dut.k2_q == key[95:64]);
    end
    if (age_q >= 2) begin
      `CLAIM(\dut.in0_q == in0_q && \dut.in1_q == in1_q);
      `CLAIM(\dut.second1_q == key[95:64] + 1 && \dut.second2_q == key[31:0] + 2 && \dut.second3_q == key[63:32] + 3);
      `CLAIM(\dut.second4_q == key[95:64] + 4 && \dut.second5_q == key[31:0] + 5);
    end
  end
endmodule
