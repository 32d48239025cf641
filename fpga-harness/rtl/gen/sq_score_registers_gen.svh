// Generated from stoquant-core by `cargo xtask fpga generate`; do not edit.
// Registers of the score that cfg_addr_i means.
/* verilator lint_off UNUSEDPARAM */
localparam [4:0] ScoreSeedLow = 5'd0;  // seed, bits 31 to 0
localparam [4:0] ScoreSeedHigh = 5'd1;  // bits 63 to 32
localparam [4:0] ScoreChain = 5'd2;  // number of the next configuration
localparam [4:0] ScoreExtent = 5'd3;  // log2 L
localparam [4:0] ScoreFirst = 5'd4;  // units of the first layer
localparam [4:0] ScoreSecond = 5'd5;  // units of the second layer
localparam [4:0] ScoreStages = 5'd6;  // stages, 1 to 1024
localparam [4:0] ScoreFlow = 5'd7;  // 1 for a flow, 0 for the reverse SDE
localparam [4:0] ScoreLargest = 5'd8;  // M_max, 16 bits
localparam [4:0] ScoreShiftsLow = 5'd9;  // shifts of the filter, of the sites, of the modes: four of 5 bits from bit 0 on
localparam [4:0] ScoreShiftsHigh = 5'd10;  // of the layers' sums and the output: five of 5 bits
localparam [4:0] ScoreOrbits = 5'd11;  // orbits of modes
localparam [4:0] ScoreMatrix = 5'd12;  // address of the first line of H
localparam [4:0] ScoreMagnetisation = 5'd13;  // address of the cells of |M|
localparam [4:0] ScoreEnd = 5'd14;  // address of r(0)
localparam [4:0] ScoreGains = 5'd15;  // address of the gains of the even weights
localparam [4:0] ScoreRows = 5'd16;  // address of the rows of tables
localparam [4:0] ScoreRow = 5'd17;  // words of a row
localparam [4:0] ScoreRecords = 5'd18;  // address of the records of the stages
localparam [4:0] ScoreWeights = 5'd19;  // address of the weights
localparam [4:0] ScoreLength = 5'd20;  // words before the check sum
localparam [4:0] ScoreCheck = 5'd21;  // the check sum
localparam [4:0] ScorePeriod = 5'd22;  // clocks of a site: the larger of the layers, and 23 at least
/* verilator lint_on UNUSEDPARAM */
